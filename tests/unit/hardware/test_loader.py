"""The loader: every mistake is one line that names the file, the key, the value and the range."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

import pytest

from spatem_ir.hardware import presets
from spatem_ir.hardware.components import GROUPS, KINDS
from spatem_ir.hardware.loader import accelerator_from_table, load_accelerator, preset_names
from spatem_ir.hardware.parameters import AdcMode, Encoding, parameters_of
from spatem_ir.support.errors import SpatemError

Table = dict[str, Any]


@pytest.fixture
def table() -> Table:
    """The preset `tiny` as a parsed TOML table, to be changed by a test."""
    folder = Path(next(iter(presets.__path__)))
    return tomllib.loads((folder / "tiny.toml").read_text(encoding="utf-8"))


def stated(group: type) -> list[Field[Any]]:
    """The parameters of a group that have no default."""
    return [field for field in fields(group) if field.default is MISSING]


def error_of(table: Table) -> str:
    with pytest.raises(SpatemError) as caught:
        accelerator_from_table(table, "my.toml")
    return str(caught.value)


def test_unchanged_table_is_accepted(table: Table) -> None:
    assert accelerator_from_table(table, "my.toml") == load_accelerator("tiny")


@pytest.mark.parametrize("name", preset_names())
def test_parameters_of_a_preset_give_the_same_accelerator(name: str) -> None:
    accelerator = load_accelerator(name)
    assert accelerator.name == name
    groups = {group: parameters_of(getattr(accelerator, group)) for group in GROUPS}
    for group, table in accelerator.tables.items():
        if "kind" in table:
            groups[group] = {"kind": table["kind"], **groups[group]}
    assert accelerator_from_table({"name": name, **groups}, "my.toml") == accelerator
    for group in GROUPS:
        for parameter in fields(getattr(accelerator, group)):
            if getattr(getattr(accelerator, group), parameter.name) == parameter.default:
                del groups[group][parameter.name]
    assert accelerator.tables == {group: table for group, table in groups.items() if table}


def test_a_parameter_with_a_default(table: Table) -> None:
    accelerator = accelerator_from_table(table, "my.toml")
    assert accelerator.components.accumulation.sum_bits == 32
    assert "accumulation" not in accelerator.tables
    table["accumulation"] = {"sum_bits": 20}
    narrow = accelerator_from_table(table, "my.toml")
    assert narrow.components.accumulation.sum_bytes == 3
    assert narrow.tables == accelerator.tables | {"accumulation": {"sum_bits": 20}}
    assert accelerator_from_table({"name": "tiny", **narrow.tables}, "my.toml") == narrow
    table["accumulation"]["sum_bits"] = 65
    assert error_of(table) == (
        "my.toml: key 'accumulation.sum_bits' is 65; it must be a whole number from 1 to 64"
    )


@pytest.mark.parametrize("group", KINDS)
def test_the_first_kind_of_a_component_need_not_be_named(table: Table, group: str) -> None:
    unnamed = accelerator_from_table(table, "my.toml")
    first = next(iter(KINDS[group]))
    table.setdefault(group, {})["kind"] = first
    assert accelerator_from_table(table, "my.toml") == unnamed
    table[group]["kind"] = "own"
    known = ", ".join(KINDS[group])
    assert error_of(table) == f"my.toml: key '{group}.kind' is 'own'; it must be one of {known}"


def test_only_components_have_kinds(table: Table) -> None:
    table["ou"]["kind"] = "mesh"
    assert error_of(table).startswith("my.toml: unknown key 'ou.kind'; the known ones are ")


@pytest.mark.parametrize(
    ("group", "key", "value", "message"),
    [
        ("chip", "pe_rows", 0, "is 0; it must be a whole number from 1 to 2147483647"),
        ("chip", "pe_rows", -3, "is -3; it must be a whole number from 1 to 2147483647"),
        ("chip", "pe_rows", 2.0, "is 2.0; it must be a whole number of at least 1"),
        ("chip", "pe_rows", True, "is True; it must be a whole number of at least 1"),
        ("chip", "pe_rows", "2", "is '2'; it must be a whole number of at least 1"),
        (
            "crossbar",
            "wordlines",
            10**9,
            "is 1000000000; it must be a whole number from 1 to 65536",
        ),
        ("cu", "crossbars", 2**31, "is 2147483648; it must be a whole number from 1 to 2147483647"),
        ("ou", "pipeline_cycles", -1, "is -1; it must be a whole number from 0 to 1048576"),
        ("ou", "cycles", 2**21, "is 2097152; it must be a whole number from 1 to 1048576"),
        ("ou", "dac_bits", 17, "is 17; it must be a whole number from 1 to 16"),
        ("crossbar", "bits_per_cell", 17, "is 17; it must be a whole number from 1 to 16"),
        ("noc", "hop_cycles", 2**21, "is 2097152; it must be a whole number from 1 to 1048576"),
        ("noc", "multicast", 1, "is 1; it must be true or false"),
        ("noc", "multicast", "yes", "is 'yes'; it must be true or false"),
        ("energy", "io_byte_pj", -0.5, "is -0.5; it must be a number from 0 to 2147483647"),
        ("energy", "io_byte_pj", float("inf"), "is inf; it must be a number from 0 to 2147483647"),
        ("energy", "io_byte_pj", float("nan"), "is nan; it must be a number from 0 to 2147483647"),
        ("energy", "io_byte_pj", False, "is False; it must be a number of at least 0"),
        ("area", "chip_io_mm2", [22.88], "is [22.88]; it must be a number of at least 0"),
        ("ou", "adc_bits", 17, "is 17; it must be a whole number from 1 to 16"),
        ("analog", "adc_mode", "exact", "is 'exact'; it must be one of lossless, clip, round"),
        ("analog", "adc_mode", 3, "is 3; it must be one of lossless, clip, round"),
        ("analog", "adc_mode", ["clip"], "is ['clip']; it must be one of lossless, clip, round"),
        ("analog", "encoding", "Offset", "is 'Offset'; it must be one of offset, differential"),
        ("analog", "cell_sigma", 2.1, "is 2.1; it must be a number from 0 to 2"),
        ("analog", "stuck_at_zero", 1.5, "is 1.5; it must be a number from 0 to 1"),
        ("analog", "stuck_at_one", -0.1, "is -0.1; it must be a number from 0 to 1"),
        ("analog", "read_noise", 11, "is 11; it must be a number from 0 to 10"),
        ("analog", "read_noise", "low", "is 'low'; it must be a number of at least 0"),
        ("analog", "seed", 0.5, "is 0.5; it must be a whole number of at least 0"),
    ],
)
def test_wrong_value(table: Table, group: str, key: str, value: object, message: str) -> None:
    table[group][key] = value
    assert error_of(table) == f"my.toml: key '{group}.{key}' {message}"


@pytest.mark.parametrize(
    ("group", "key", "value"),
    [
        ("chip", "pe_rows", 1),
        ("cu", "input_register_bytes", 2**31 - 1),
        ("ou", "pipeline_cycles", 0),
        ("noc", "multicast", False),
        ("energy", "io_byte_pj", 0),
        ("area", "chip_io_mm2", 2**31 - 1),
        ("ou", "adc_bits", 16),
        ("analog", "adc_mode", "round"),
        ("analog", "encoding", "differential"),
        ("analog", "cell_sigma", 2),
        ("analog", "stuck_at_one", 1),
        ("analog", "read_noise", 10),
        ("analog", "seed", 0),
    ],
)
def test_value_at_the_edge_of_its_range(
    table: Table, group: str, key: str, value: float | bool | str
) -> None:
    table[group][key] = value
    accelerator = accelerator_from_table(table, "my.toml")
    assert parameters_of(getattr(accelerator, group))[key] == value


def test_whole_number_for_a_number_becomes_a_float(table: Table) -> None:
    table["energy"]["io_byte_pj"] = 400
    value = accelerator_from_table(table, "my.toml").energy.io_byte_pj
    assert (value, type(value)) == (400.0, float)


def test_texts_become_members_of_their_enumerations(table: Table) -> None:
    table["analog"] |= {"adc_mode": "round", "encoding": "differential"}
    analog = accelerator_from_table(table, "my.toml").analog
    assert (analog.adc_mode, analog.encoding) == (AdcMode.ROUND, Encoding.DIFFERENTIAL)
    assert isinstance(analog.adc_mode, AdcMode)
    assert isinstance(analog.encoding, Encoding)


@pytest.mark.parametrize("group", [group for group in GROUPS if stated(GROUPS[group])])
def test_missing_group(table: Table, group: str) -> None:
    del table[group]
    assert error_of(table) == f"my.toml: table [{group}] is missing"


def test_value_for_a_group(table: Table) -> None:
    table["noc"] = 3
    assert error_of(table) == "my.toml: table [noc] is missing"


@pytest.mark.parametrize(
    ("group", "key", "doc"),
    [
        ("chip", "clock_mhz", "digital clock, MHz; all times are integer digital cycles"),
        ("pe", "buffer_bytes", "buffer size, bytes"),
        ("noc", "multicast", "one packet along the XY tree (true) or a copy per destination"),
        ("energy", "cell_pj_per_ns", "one cell read, for each nanosecond"),
    ],
)
def test_missing_key(table: Table, group: str, key: str, doc: str) -> None:
    del table[group][key]
    assert error_of(table) == f"my.toml: key '{group}.{key}' is missing ({doc})"


def test_unknown_key(table: Table) -> None:
    table["io"]["bits_per_cycle"] = 32
    assert error_of(table) == (
        "my.toml: unknown key 'io.bits_per_cycle'; the known ones are bytes_per_cycle"
    )


def test_unknown_group(table: Table) -> None:
    table["bus"] = {}
    assert error_of(table) == (
        "my.toml: unknown key 'bus'; the known ones are name, chip, pe, cu, crossbar, ou, analog, "
        "noc, io, energy, power, area, accumulation, memory, write"
    )


@pytest.mark.parametrize("name", [None, "", 3, ["tiny"]])
def test_name_is_a_text(table: Table, name: object) -> None:
    table["name"] = name
    assert error_of(table) == "my.toml: key 'name' is missing or not a text; give it a name"


def test_name_is_needed(table: Table) -> None:
    del table["name"]
    assert error_of(table) == "my.toml: key 'name' is missing or not a text; give it a name"


@pytest.mark.parametrize(
    ("group", "key", "value", "message"),
    [
        ("ou", "wordlines", 17, "ou.wordlines = 17 exceeds crossbar.wordlines = 16"),
        ("crossbar", "bitlines", 3, "ou.bitlines = 4 exceeds crossbar.bitlines = 3"),
        (
            "chip",
            "pe_rows",
            10**9,
            "[chip] is of 2,000,000,000 PEs; a chip has at most 16,384",
        ),
        (
            "pe",
            "compute_units",
            10**8,
            "pe.compute_units = 100000000 and cu.crossbars = 2 in 4 PEs are 800,000,000 "
            "crossbars; a chip has at most 1,048,576",
        ),
        (
            "cu",
            "input_register_bytes",
            1,
            "cu.input_register_bytes leaves no byte for each of the 2 crossbars of a CU",
        ),
    ],
)
def test_contradiction(table: Table, group: str, key: str, value: int, message: str) -> None:
    table[group][key] = value
    assert error_of(table) == f"my.toml: {message}"


def test_faults_of_more_cells_than_there_are(table: Table) -> None:
    table["analog"] |= {"stuck_at_zero": 0.75, "stuck_at_one": 0.5}
    assert error_of(table) == (
        "my.toml: analog.stuck_at_zero and analog.stuck_at_one add up to 1.25, more than 1"
    )
    table["analog"]["stuck_at_one"] = 0.25
    assert accelerator_from_table(table, "my.toml").analog.stuck_at_one == 0.25


@pytest.mark.parametrize("name", ["isaac", "nothing.toml", "folder/tiny", ""])
def test_unknown_accelerator(name: str) -> None:
    with pytest.raises(SpatemError) as caught:
        load_accelerator(name)
    assert str(caught.value) == (
        f"unknown accelerator '{name}': neither a TOML file nor one of the presets "
        "gao-16mb, gao-32mb, isaac-ou, li-isaac, ntu-ppsim, pelke-bus, tiny"
    )


def test_file(tmp_path: Path, table: Table) -> None:
    lines = [f'name = "{table.pop("name")}"']
    for group, entries in table.items():
        lines.append(f"[{group}]")
        lines += [f"{key} = {json.dumps(value)}" for key, value in entries.items()]
    path = tmp_path / "mine.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    assert load_accelerator(str(path)) == load_accelerator("tiny")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"[chip\n", "Expected ']' at the end of a table declaration (at line 1, column 6)"),
        (b"\xff", "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
    ],
)
def test_unreadable_file(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(content)
    expected = re.escape(f"{path}: not a readable TOML file: {problem}")
    with pytest.raises(SpatemError, match=f"^{expected}$"):
        load_accelerator(str(path))


def test_error_in_a_file_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('name = "mine"', encoding="utf-8")
    with pytest.raises(SpatemError, match=f"^{re.escape(str(path))}: table \\[chip\\] is missing$"):
        load_accelerator(str(path))
