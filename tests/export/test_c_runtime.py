"""The one-file C runtime writes the tokens and chooses the experts of the planned model, on every processor."""

import subprocess
import zlib

import numpy as np
import pytest
from export_models import TEXTS, mixed, tiny_model

from moe_core.export.c_build import ARM64, ARMV7, CRunner, this_machine
from moe_core.export.c_pack import pack, write
from moe_core.export.parity import Planned, parity
from moe_core.precision.plan import plan_bytes, planned, uniform

NEW_TOKENS = 64
PLANS = ("fp32", "fp16", "bf16", "int8", "int4", "int2", "mixed")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Compiles for a device, once; skips with the reason where that cannot be."""
    programs = {}

    def built(device, *more):
        if device.missing:
            pytest.skip(device.missing)
        key = (device.name, more)
        if key not in programs:
            programs[key] = device.build(tmp_path_factory.mktemp("built"), *more)
        return programs[key]
    return built


@pytest.fixture
def packed(model, tokenizer, tmp_path):
    """Writes the model under a plan."""
    def packed(name: str):
        plan = mixed(model) if name == "mixed" else uniform(model, name)
        return write(model, tokenizer, plan, tmp_path / f"{name}.bin"), plan
    return packed


@pytest.fixture
def sanitized(built, monkeypatch):
    """A program that stops at the first undefined step; what it holds when it ends, the system takes back."""
    monkeypatch.setenv("ASAN_OPTIONS", "detect_leaks=0")
    return built(this_machine(), "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


def compared(program, file, model, plan, tokenizer, texts=TEXTS[:2]):
    texts = [tokenizer.encode(text) for text in texts]
    runner = CRunner(program, file, model.config.vocab_size)
    return parity(Planned(planned(model, plan)), runner, texts, NEW_TOKENS)


def does_as_planned(found) -> None:
    assert found.flips == 0
    assert found.choices == 2 * found.tokens
    assert found.greedy_equal == found.greedy_tokens >= 64
    assert found.max_kl < 1e-7
    assert found.max_abs_logit_difference < 1e-3


@pytest.mark.parametrize("name", PLANS)
def test_the_same_tokens_and_experts_as_in_torch(built, packed, model, tokenizer, name):
    file, plan = packed(name)
    does_as_planned(compared(built(this_machine()), file, model, plan, tokenizer))


@pytest.mark.parametrize("device", [ARM64, ARMV7], ids=lambda device: device.name)
@pytest.mark.parametrize("name", ["fp32", "fp16", "int8", "int4", "mixed"])
def test_the_same_tokens_and_experts_on_other_processors(built, packed, model, tokenizer, name, device):
    file, plan = packed(name)
    does_as_planned(compared(built(device), file, model, plan, tokenizer, TEXTS[:1]))  # slow under an emulator


@pytest.mark.parametrize("name", PLANS)
def test_vector_instructions_change_no_bit(built, packed, tokenizer, name, tmp_path):
    file, _ = packed(name)
    ids, logits = " ".join(map(str, tokenizer.encode(TEXTS[0]))), []
    for number, program in enumerate((built(this_machine()), built(this_machine(), "-DMOESCOPE_PLAIN"))):
        kept = tmp_path / f"{number}.logits"
        assert program.run(str(file), "--ids", ids, "--tokens", "20", "--logits", str(kept)).returncode == 0
        logits.append(kept.read_bytes())
    assert logits[0] == logits[1]


@pytest.mark.parametrize("dials", [{"shared_intermediate_size": 0}, {"num_experts": 0}, {"tie_word_embeddings": False},
                                   {"num_attention_heads": 4, "num_experts_per_tok": 3},
                                   {"hidden_size": 48, "moe_intermediate_size": 20, "shared_intermediate_size": 12}],
                         ids=str)
def test_every_shape_of_the_model_runs(built, tokenizer, tmp_path, dials):
    model = tiny_model(tokenizer.vocab_size, **dials)
    for plan in (mixed(model), uniform(model, "fp32")):
        file = write(model, tokenizer, plan, tmp_path / "m.bin")
        found = compared(built(this_machine()), file, model, plan, tokenizer)
        assert (found.flips in (0, None), found.greedy_equal) == (True, found.greedy_tokens)
        assert found.max_kl < 1e-7


def test_the_file_is_as_long_as_the_plan_says_and_a_little_more(model, tokenizer):
    plan = mixed(model)
    size, promised = len(pack(model, tokenizer, plan)), plan_bytes(model, plan, "c")
    vocabulary = 4 * tokenizer.vocab_size + 16 * len(tokenizer.merges) + 4000
    assert promised < size < promised + vocabulary + 60 * 50  # about 50 matrices with a head and filled-up places


@pytest.mark.parametrize("text", [*TEXTS, "", "don't!", "a\nb\n\n c", "x" * 50, "<|end|>", "<0x41> ▁", "\x01\x7f"])
def test_it_reads_text_as_our_tokenizer_does(built, packed, tokenizer, text):
    file, _ = packed("int4")
    done = built(this_machine()).run(str(file), "--prompt", text, "--tokens", "0", "--routes")
    lines = [line.split() for line in done.stdout.decode().splitlines() if line.startswith("route ")]
    assert [int(line[2]) for line in lines] == [tokenizer.end_id, *tokenizer.encode(text)]


def test_it_writes_the_text_of_its_tokens(built, packed, tokenizer):
    file, _ = packed("int4")
    program = built(this_machine())
    ids = CRunner(program, file, tokenizer.vocab_size).write_on(tokenizer.encode("the cat"), 30)
    printed = program.run(str(file), "--prompt", "the cat", "--tokens", "30").stdout
    assert printed.decode(errors="ignore").removesuffix("\n") == tokenizer.decode(ids)


def test_the_same_seed_draws_the_same_tokens_and_another_seed_others(built, packed):
    file, _ = packed("int8")
    drawn = [built(this_machine()).run(str(file), "--prompt", "the", "--temperature", "1", "--seed", seed).stdout
             for seed in ("1", "1", "2")]
    assert drawn[0] == drawn[1] != drawn[2]


def changed(whole: bytes, damage: str) -> bytes:
    """The file with one thing wrong."""
    middle = len(whole) // 2
    return {"empty": b"", "short": whole[:30], "half": whole[:middle], "longer": whole + b"\0" * 16,
            "another kind": b"GGUF" + whole[4:], "another version": whole[:8] + b"\x09" + whole[9:],
            "one bit": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1:],
            "a dial": whole[:24] + b"\xff" + whole[25:]}[damage]


@pytest.mark.parametrize(("damage", "words"), [
    ("empty", "ends too early"), ("short", "ends too early"), ("half", "bytes were expected"),
    ("longer", "bytes were expected"), ("another kind", "no MoEscope model file"), ("another version", "version 9"),
    ("one bit", "checksum"), ("a dial", "checksum")])
def test_a_damaged_file_is_refused(built, packed, tmp_path, damage, words):
    file, _ = packed("int4")
    bad = tmp_path / "bad.bin"
    bad.write_bytes(changed(file.read_bytes(), damage))
    refused(built(this_machine()).run(str(bad), "--prompt", "a"), 2, words)


def refused(done: subprocess.CompletedProcess, code: int, words: str) -> None:
    assert (done.returncode, done.stdout) == (code, b"")
    assert words in done.stderr.decode().splitlines()[0]


def test_random_bytes_under_a_right_checksum_are_refused_or_run_but_never_crash(sanitized, packed, tmp_path):
    whole, random = packed("mixed")[0].read_bytes(), np.random.default_rng(0)
    for _ in range(30):
        bad = bytearray(whole)
        for place in random.integers(20, 20 + int(random.choice([60, 3000, len(whole) - 20])), size=3):
            bad[place] = random.integers(256)
        bad[16:20] = zlib.crc32(bad[20:]).to_bytes(4, "little")
        (tmp_path / "bad.bin").write_bytes(bad)
        done = sanitized.run(str(tmp_path / "bad.bin"), "--prompt", "the cat", "--tokens", "2", "--routes")
        assert done.returncode in (0, 2, 3), done.stderr.decode()
        assert b"ERROR: AddressSanitizer" not in done.stderr


def test_nothing_is_undefined_on_the_way_of_every_plan(sanitized, packed):
    for name in PLANS:
        done = sanitized.run(str(packed(name)[0]), "--prompt", TEXTS[2], "--tokens", "200", "--temperature", "0.9")
        assert done.returncode == 0, done.stderr.decode()


@pytest.mark.parametrize(("arguments", "words"), [
    ((), "give a model file"), (("--prompt", "a", "--ids", "1"), "either --prompt or --ids"),
    (("--ids", "999999"), "token ids must lie in 0.."), (("--ids", "1 x"), "got x"),
    (("--prompt", "a", "--tokens", "-1"), "--tokens must lie in"),
    (("--prompt", "a", "--temperature", "nan"), "got nan"),
    (("--prompt", "a", "--shape", "1"), "--shape is unknown"), (("--ids", "7 " * 200), "may have 159 tokens")], ids=str)
def test_a_request_it_cannot_understand_is_refused(built, packed, arguments, words):
    refused(built(this_machine()).run(str(packed("int4")[0]), *arguments), 1, words)


def test_a_missing_compiler_is_named_with_its_package(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ValueError, match=r"no C compiler for ARM64 is here .* apt-get install gcc-aarch64-linux-gnu"):
        ARM64.build(tmp_path)
