"""A loss of its own for the verdict that automatic face weighting reaches before the recurrent network.

After Montserrat et al. (arXiv 2004.12027). Without it the weights of the frames are inputs of the recurrent network
like any others, and nothing makes them say how much a frame counts.
"""

from dfdc_utils.backend import keras


def part_to_fit(head: keras.Model) -> keras.Model:
    """A model of the layers of `head` of a sequence model; where it weighs its frames, one with both losses.

    Never `head` itself: once compiled it would be saved with its optimiser, which is ours and unknown to Keras.
    """
    weighs = any(layer.name == "p_weighted" for layer in head.layers)
    return (_TwoVerdicts if weighs else keras.Model)(head.input, head.output, name=head.name)


class _TwoVerdicts(keras.Model):
    """The loss is the mean of those of P(fake) and of `p_weighted`; the one answer stays P(fake).

    The mean has the gradients of the sum up to a factor, for which Adam does not care, and can be held against the
    losses of other models.
    """

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        weighted = keras.Model(self.input, self.get_layer("p_weighted").output)(x)
        verdicts = (y_pred, weighted)
        losses = [super(_TwoVerdicts, self).compute_loss(x, y, p, sample_weight, training) for p in verdicts]
        return (losses[0] + losses[1]) / 2
