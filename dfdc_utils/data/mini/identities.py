"""Who is in the picture: people who do not exist, each drawn from a seed.

Lengths are in head units: half the height of a head, from crown (-1) to chin (+1), across and down.
"""

from dataclasses import dataclass

import numpy as np

# From the lightest to the darkest human skin, in sRGB.
_SKIN = np.array(
    [
        (246, 217, 198), (238, 200, 172), (226, 180, 146), (208, 158, 120),
        (182, 128, 92), (146, 96, 66), (110, 70, 48), (78, 50, 37), (58, 39, 31),
    ],
    np.float32,
)
_HAIR = {
    "black": (26, 22, 21), "dark brown": (52, 36, 27), "brown": (88, 60, 40), "light brown": (132, 98, 66),
    "blond": (186, 152, 104), "red": (140, 68, 36), "grey": (136, 133, 130), "white": (208, 205, 200),
}
_IRIS = {"brown": (74, 46, 28), "hazel": (104, 84, 46), "green": (82, 108, 72), "blue": (86, 120, 154)}
_CLOTH = ((46, 52, 66), (70, 84, 104), (112, 118, 116), (150, 146, 138), (92, 58, 56), (60, 82, 70),
          (132, 108, 82), (190, 184, 174), (104, 92, 118), (38, 38, 40), (74, 104, 128), (150, 96, 84))
# How often women and men wear what.
_WOMENS_HAIR = {"short": 0.1, "curly": 0.14, "afro": 0.1, "bob": 0.22, "long": 0.24, "bun": 0.1, "scarf": 0.1}
_MENS_HAIR = {
    "bald": 0.12, "buzz": 0.16, "short": 0.28, "parted": 0.22, "curly": 0.1, "afro": 0.05, "long": 0.07,
}


@dataclass(frozen=True)
class Identity:
    """One person's looks. Colours are sRGB, 0 to 255."""

    name: str
    seed: tuple[int, ...]
    skin_tone: float
    """0 (lightest) to 1 (darkest)."""
    skin: np.ndarray
    age: float
    """0 (young) to 1 (old)."""
    width: float
    taper: float
    """How much narrower the jaw is than the cheekbones."""
    roundness: float
    """Exponent of the head's outline: 2 is an ellipse, more is squarer."""
    eye_gap: float
    eye_y: float
    eye_width: float
    eye_height: float
    eye_tilt: float
    iris: np.ndarray
    brow_y: float
    brow_thickness: float
    brow_arch: float
    brow_tilt: float
    brow_color: np.ndarray
    nose_length: float
    nose_width: float
    nose_height: float
    mouth_y: float
    mouth_width: float
    lips: float
    lip_color: np.ndarray
    hair_style: str
    hair: np.ndarray
    hairline: float
    widows_peak: float
    hair_volume: float
    """1 is usual."""
    beard: float
    """0 (none) to 1 (full)."""
    beard_reach: float
    """0 (chin only) to 1 (up to the ears)."""
    freckles: float
    mole: tuple[float, float] | None
    glasses: str | None
    cloth: np.ndarray
    collar: str

    @classmethod
    def draw(cls, name: str, seed: tuple[int, ...], skin_tone: float) -> "Identity":
        """A person with the given skin tone (0 to 1); everything else comes from `seed`."""
        rng = np.random.default_rng(seed)
        uniform = rng.uniform
        at = skin_tone * (len(_SKIN) - 1)
        skin = np.array([np.interp(at, range(len(_SKIN)), _SKIN[:, c]) for c in range(3)], np.float32)
        skin = skin * uniform(0.97, 1.03, 3).astype(np.float32)
        age = float(uniform())
        feminine = bool(uniform() < 0.5)
        if age > 0.75 and uniform() < 0.7:
            natural = _HAIR[rng.choice(["grey", "white"])]
        elif skin_tone > 0.45:
            natural = _HAIR[rng.choice(["black", "dark brown"], p=[0.7, 0.3])]
        else:
            natural = _HAIR[rng.choice(["black", "dark brown", "brown", "light brown", "blond", "red"])]
        hair = np.array(natural, np.float32) * uniform(0.85, 1.15)
        styles = _WOMENS_HAIR if feminine else _MENS_HAIR
        style = str(rng.choice(list(styles), p=list(styles.values())))
        light_eyes = skin_tone < 0.4 and uniform() < 0.6
        iris = _IRIS[rng.choice(["hazel", "green", "blue"])] if light_eyes else _IRIS["brown"]
        eye_y = uniform(-0.07, 0.02)
        lip = skin * np.array([0.88, 0.62, 0.62], np.float32)
        if feminine and uniform() < 0.45:
            lip = 0.35 * lip + 0.65 * np.array([168, 52, 62], np.float32) * uniform(0.7, 1.05)
        bearded = not feminine and uniform() < 0.5
        return cls(
            name=name,
            seed=seed,
            skin_tone=round(float(skin_tone), 3),
            skin=skin,
            age=age,
            width=uniform(0.70, 0.79),
            taper=uniform(0.24, 0.36) if feminine else uniform(0.12, 0.28),
            roundness=uniform(2.1, 2.5),
            eye_gap=uniform(0.24, 0.285),
            eye_y=eye_y,
            eye_width=uniform(0.125, 0.15),
            eye_height=uniform(0.06, 0.082),
            eye_tilt=uniform(-0.08, 0.22),
            iris=np.array(iris, np.float32) * uniform(0.85, 1.15),
            brow_y=eye_y - uniform(0.17, 0.22),
            brow_thickness=uniform(0.026, 0.038) if feminine else uniform(0.034, 0.052),
            brow_arch=uniform(0.01, 0.06),
            brow_tilt=uniform(-0.03, 0.04),
            brow_color=np.minimum(hair * 0.6, 84.0).astype(np.float32),
            nose_length=uniform(0.34, 0.41),
            nose_width=uniform(0.11, 0.16),
            nose_height=uniform(0.15, 0.24),
            mouth_y=uniform(0.58, 0.65),
            mouth_width=uniform(0.21, 0.28),
            lips=uniform(0.04, 0.068),
            lip_color=lip.astype(np.float32),
            hair_style=style,
            hair=hair.astype(np.float32),
            hairline=uniform(-0.68, -0.52) if age < 0.7 else uniform(-0.8, -0.62),
            widows_peak=uniform(-0.06, 0.04),
            hair_volume=uniform(0.67, 1.33),
            beard=uniform(0.25, 1.0) if bearded else 0.0,
            beard_reach=uniform(),
            freckles=uniform(0.4, 1.0) if skin_tone < 0.4 and uniform() < 0.3 else 0.0,
            mole=(uniform(-0.4, 0.4), uniform(0.15, 0.8)) if uniform() < 0.3 else None,
            glasses=str(rng.choice(["round", "square"])) if uniform() < 0.2 else None,
            cloth=np.array(_CLOTH[rng.integers(len(_CLOTH))], np.float32) * uniform(0.8, 1.15),
            collar=str(rng.choice(["crew", "vee", "shirt", "roll"])),
        )
