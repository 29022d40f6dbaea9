"""A checkpoint is written whole or not at all."""

import pytest
import torch

from moe_core.training.checkpoint import load_checkpoint, save_checkpoint


def test_a_saved_state_comes_back(tmp_path):
    save_checkpoint(tmp_path / "run.pt", {"step": 3, "model": {"a": torch.ones(2)}})
    state = load_checkpoint(tmp_path / "run.pt")
    assert state["step"] == 3
    assert torch.equal(state["model"]["a"], torch.ones(2))
    assert [file.name for file in tmp_path.iterdir()] == ["run.pt"]


@pytest.mark.parametrize("error", [OSError("No space left on device"), RuntimeError("PytorchStreamWriter failed")])
def test_a_full_disk_leaves_the_old_checkpoint(tmp_path, monkeypatch, error):
    def half_written(state, file):
        file.write(b"half")
        raise error

    path = tmp_path / "run.pt"
    save_checkpoint(path, {"step": 1})
    monkeypatch.setattr(torch, "save", half_written)
    with pytest.raises(OSError, match=r"could not write .*run\.pt, the checkpoint before it is unharmed"):
        save_checkpoint(path, {"step": 2})
    assert load_checkpoint(path) == {"step": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["run.pt"]


def test_an_interrupted_save_leaves_the_old_checkpoint(tmp_path, monkeypatch):
    def killed(state, file):
        file.write(b"half")
        raise KeyboardInterrupt

    path = tmp_path / "run.pt"
    save_checkpoint(path, {"step": 1})
    monkeypatch.setattr(torch, "save", killed)
    with pytest.raises(KeyboardInterrupt):
        save_checkpoint(path, {"step": 2})
    assert load_checkpoint(path) == {"step": 1}


def test_a_damaged_checkpoint_is_named(tmp_path):
    (tmp_path / "run.pt").write_bytes(b"not a checkpoint")
    with pytest.raises(ValueError, match=r"damaged: .*run\.pt"):
        load_checkpoint(tmp_path / "run.pt")
