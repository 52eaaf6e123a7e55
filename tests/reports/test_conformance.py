"""`bin/conformance mail` over a folder of our own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import conformance
from tests.reports.letters import complaint, letter, status

UNKNOWN = status("smtp; 550 5.1.1 User unknown", code="5.1.1")
HARD = {"kind": "bounce", "recipients": 1, "hard": [1], "reason": ["userunknown"]}


def measured(
    folder: Path, capsys: pytest.CaptureFixture[str], *messages: tuple[bytes, dict[str, object]]
) -> tuple[int, dict[str, float]]:
    """Exit code and figures for these messages and what is expected of each."""
    expected = {}
    for number, (raw, wanted) in enumerate(messages):
        (folder / f"{number}.eml").write_bytes(raw)
        expected[f"{number}.eml"] = wanted
    (folder / "expected.json").write_text(json.dumps(expected))
    code = conformance.main(["mail", str(folder), "--json", "--verbose"])
    return code, json.loads(capsys.readouterr().out.splitlines()[-1])


def test_all_right_is_all_ones(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = measured(
        tmp_path,
        capsys,
        (UNKNOWN, HARD),
        (complaint("abuse"), {"kind": "complaint", "recipients": 1, "feedback": "abuse"}),
        (letter("Hello", from_="eva@example.net"), {"kind": "none"}),
    )
    assert code == 0
    assert found.pop("per_second") > 0
    assert found == {
        "messages": 3,
        "kind_right": 1.0,
        "recipients_right": 1.0,
        "hardness_right": 1.0,
        "false_suppressions": 0,
        "crashed": 0,
    }


@pytest.mark.parametrize("wanted", [HARD | {"hard": [0]}, {"kind": "none"}, {"kind": "auto-reply"}])
def test_a_hard_bounce_where_none_is_expected_is_a_false_suppression(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], wanted: dict[str, object]
) -> None:
    code, found = measured(tmp_path, capsys, (UNKNOWN, wanted))
    assert (code, found["false_suppressions"]) == (1, 1)


def test_a_complaint_where_none_is_expected_is_one_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bounce = {"kind": "bounce", "recipients": 1, "hard": [0], "reason": ["expired"]}
    assert measured(tmp_path, capsys, (complaint("abuse"), bounce))[1]["false_suppressions"] == 1
    bounce["reason"] = ["feedback"]
    assert measured(tmp_path, capsys, (complaint("abuse"), bounce))[1]["false_suppressions"] == 0


def test_flufl_bounce_is_measured_in_the_same_run_and_stands_in_the_line_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "1.eml").write_bytes(UNKNOWN)
    (tmp_path / "expected.json").write_text(json.dumps({"1.eml": HARD}))
    assert conformance.main(["mail", str(tmp_path), "--json"]) == 0
    beside, ours = map(json.loads, capsys.readouterr().out.splitlines())
    assert beside["complaints_right"] == 1.0
    assert {name for name in beside if name.startswith("flufl_")} == {f"flufl_{n}" for n in ours}
    assert beside["flufl_hardness_right"] == 1.0


def test_a_folder_without_expectations_is_explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert conformance.main(["mail", str(tmp_path)]) == 2
    assert "Can't measure" in capsys.readouterr().out
