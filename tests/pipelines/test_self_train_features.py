from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from annotate.errors import UnknownNameError
from pipelines.self_train_features import Settings, run


def test_rounds_use_the_selector_asked_for(tmp_path, rng):
    pd.DataFrame({"id": np.arange(12), "label": np.arange(12) % 2}).to_csv(
        tmp_path / "truth.csv", index=False
    )
    np.save(tmp_path / "features.npy", rng.normal(size=(12, 3)).astype(np.float32))
    settings = Settings(
        folder=tmp_path / "runs",
        source=tmp_path / "truth.csv",
        features=tmp_path / "features.npy",
        gold_per_class=2,
        selector="treshold",
        seeds=1,
    )
    with pytest.raises(UnknownNameError, match="threshold"):
        run(settings)
