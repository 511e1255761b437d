"""ClassMix: cut classes out of one picture and paste them onto another, labels and all."""

from __future__ import annotations

import torch


def class_mix(
    pictures: torch.Tensor, labels: torch.Tensor, weights: torch.Tensor, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return pictures, labels and weights of a batch, each picture pasted onto the one before it.

    Of the classes that occur in a picture's labels half are drawn, rounded up; their pixels take
    the place of the pixels of the picture before, and the last picture comes before the first. So
    no picture is mixed with itself.

    Parameters
    ----------
    pictures : float tensor of shape (n, 3, height, width)
        Two pictures or more.
    labels : int64 tensor of shape (n, height, width)
        0 or more: what a teacher says of every pixel.
    weights : float tensor of shape (n, height, width)
    generator : torch.Generator
        Of the CPU, so that every device draws the same.

    Returns
    -------
    tuple of three tensors
        Of the shapes given.

    Raises
    ------
    ValueError
        If there are fewer than two pictures.

    References
    ----------
    Olsson et al. 2021, arXiv:2007.07936, between pictures that a teacher labels; half is rounded up
    as in the published code of DACS (Tranheden et al. 2021, arXiv:2007.08702), which pastes given
    masks instead. The pairing is ours.
    """
    if len(pictures) < 2:
        raise ValueError(
            f"class_mix needs two pictures or more; got {len(pictures)}. Use larger batches."
        )
    pasted = _pixels_of_drawn_classes(labels, generator)
    return (
        torch.where(pasted[:, None], pictures, pictures.roll(1, dims=0)),
        torch.where(pasted, labels, labels.roll(1, dims=0)),
        torch.where(pasted, weights, weights.roll(1, dims=0)),
    )


def _pixels_of_drawn_classes(labels: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Return (n, height, width): whether a pixel's class is one of those drawn for its picture."""
    of_picture = labels.flatten(start_dim=1)
    n, n_classes = len(labels), int(labels.max()) + 1
    occurs = torch.zeros((n, n_classes), dtype=torch.bool, device=labels.device)
    occurs.scatter_(1, of_picture, True)
    # A column a picture: a class's numbers do not depend on whether a further class occurs.
    lots = torch.rand((n_classes, n), generator=generator).T.to(labels.device)
    place = lots.masked_fill(~occurs, 2.0).argsort(dim=1).argsort(dim=1)
    drawn = place < (occurs.sum(dim=1, keepdim=True) + 1) // 2
    return drawn.gather(1, of_picture).reshape(labels.shape)
