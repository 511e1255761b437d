"""How much each pixel that a teacher labels counts.

``proba`` is a float tensor of shape (n, n_classes, height, width) whose classes sum to 1; a pixel's
confidence is the largest of them, and its label the class that has it.
"""

from __future__ import annotations

import torch

SURE = 0.968  # of DACS: Tranheden et al. 2021, arXiv:2007.08702


def class_thresholds(proba: torch.Tensor, share: float, highest: float = SURE) -> torch.Tensor:
    """Return for each class the confidence that its most confident pixels reach.

    Parameters
    ----------
    proba : float tensor of shape (n, n_classes, height, width)
        A batch's; all its pictures are looked at together.
    share : float
        Above 0, 1 at most: how many of the pixels labelled with a class reach its threshold; the
        nearest whole number of them, one at least. Pixels as confident as the last one do, too.
    highest : float
        No threshold is above it, so more pixels than the share may reach one.

    Returns
    -------
    float tensor of shape (n_classes,)
        ``highest`` for a class that no pixel is labelled with.

    Raises
    ------
    ValueError
        If the share is not above 0 and 1 at most.

    References
    ----------
    Zou et al. 2018, "Unsupervised domain adaptation for semantic segmentation via class-balanced
    self-training", arXiv:1810.07911 (the share of each class). Differs: thresholds are taken from
    one batch, not from the corpus, and have a highest value.
    """
    if not 0 < share <= 1:
        raise ValueError(f"share must be above 0 and 1 at most; got {share}.")
    confidence, label = proba.max(dim=1)
    thresholds = proba.new_full((proba.shape[1],), highest)
    for number in range(len(thresholds)):
        most_confident_first = confidence[label == number].sort(descending=True).values
        if len(most_confident_first):
            n_kept = max(1, round(share * len(most_confident_first)))
            thresholds[number] = most_confident_first[n_kept - 1].clamp(max=highest)
    return thresholds


def pixel_weights(proba: torch.Tensor, thresholds: torch.Tensor) -> torch.Tensor:
    """Return (n, height, width): 1 where the confidence reaches its class's threshold, else 0.

    Parameters
    ----------
    proba : float tensor of shape (n, n_classes, height, width)
    thresholds : float tensor of shape (n_classes,)
    """
    confidence, label = proba.max(dim=1)
    return (confidence >= thresholds[label]).to(proba.dtype)


def sure_share(proba: torch.Tensor, threshold: float = SURE) -> torch.Tensor:
    """Return (n,) the share of each picture's pixels whose confidence is above a threshold.

    It says how far the labels of a whole picture are to be trusted: near 0 for an untrained
    teacher, near 1 for a sure one.

    Parameters
    ----------
    proba : float tensor of shape (n, n_classes, height, width)
    threshold : float
        0 to 1.

    References
    ----------
    Tranheden et al. 2021 (DACS), arXiv:2007.08702, which weighs all pixels of a picture by it.
    """
    return (proba.amax(dim=1) > threshold).to(proba.dtype).mean(dim=(1, 2))
