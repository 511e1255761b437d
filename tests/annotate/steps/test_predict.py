from __future__ import annotations

from dataclasses import replace

import pytest

from annotate.errors import ConfigError
from annotate.steps.predict import predict


def test_predictions_of_several_classes_an_item_are_refused(workspace):
    workspace.schema = replace(workspace.schema, task="multi")
    with pytest.raises(ConfigError, match="one class per item"):
        predict(workspace, "zero_shot")
