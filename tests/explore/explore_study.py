"""Names in the small study of this room's tests."""

MODEL = "meso4"
HOSTILE = "<img src=x onerror=alert(1)>.mp4"
