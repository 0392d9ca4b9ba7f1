"""`spatem-opt`: reads a network or IR, runs passes, prints IR."""

from __future__ import annotations

import argparse
import io
import sys
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

from xdsl.dialects.builtin import ModuleOp
from xdsl.utils.exceptions import ArgSpecParseError
from xdsl.xdsl_opt_main import xDSLOptMain

from spatem_ir import __version__
from spatem_ir.cli.completion import add_completion
from spatem_ir.cli.errors import raise_usage_errors, run_tool, tell
from spatem_ir.cli.inputs import add_network_arguments, files_of, import_options
from spatem_ir.cli.progress import ProgressLines
from spatem_ir.support.errors import SpatemError
from spatem_ir.support.files import check_outputs, is_stream, write_together
from spatem_ir.universe import register_dialects

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from spatem_ir.support.files import Writer
    from spatem_ir.weights.store import ParameterStore

NETWORK = "network"
"""The frontend for a benchmark network given by its name."""

DESCRIPTION = """\
Lowers a CNN to the program of an operation-unit based ReRAM accelerator, pass by pass.
The input is an .mlir file, an .onnx model or the name of a network (spatem-run --list); the usual
pipeline is --pass-pipeline=partition,pack,assign,order."""


class SpatemOptMain(xDSLOptMain):
    """xDSL's driver with networks as input, an accelerator, and files written all or nothing."""

    version_format = f"spatem-opt {__version__} built on xDSL {{xdsl_version}}"

    def __init__(self, args: list[str] | None = None):
        self.pending_output: io.StringIO | None = None
        self.pending_weights: dict[str, NDArray[np.generic]] = {}
        self.current_store: ParameterStore | None = None
        super().__init__(description=DESCRIPTION, args=args)
        self.inputs = [*files_of(self.args)]
        outputs = (self.args.output_file, self.args.weights)
        check_outputs([path for path in outputs if path is not None], self.inputs)

    def register_all_dialects(self) -> None:
        register_dialects(self.ctx)

    def register_all_frontends(self) -> None:
        self.available_frontends["mlir"] = self.parse_ir
        self.available_frontends["onnx"] = self.parse_network
        self.available_frontends[NETWORK] = self.parse_network

    def register_all_arguments(self, arg_parser: argparse.ArgumentParser) -> None:
        raise_usage_errors(arg_parser)
        arg_parser.prog = "spatem-opt"
        arg_parser.formatter_class = argparse.RawDescriptionHelpFormatter
        super().register_all_arguments(arg_parser)
        arg_parser.add_argument("--pass-pipeline", dest="passes", help="same as --passes")
        add_network_arguments(arg_parser)
        arg_parser.add_argument(
            "--weights",
            metavar="FILE.npz",
            help="where the quantised weights of a float ONNX model are written "
            "(default: beside the output file)",
        )
        add_completion(arg_parser)

    def setup_pipeline(self) -> None:
        from spatem_ir.driver.pipeline import check_passes, pipeline_error

        check_passes(self.args.passes, self.available_passes)
        try:
            super().setup_pipeline()
        except SpatemError:
            raise
        except (Exception, ArgSpecParseError) as error:
            reason = pipeline_error(error)
            raise SpatemError(f"--pass-pipeline '{self.args.passes}': {reason}") from error

    def get_input_stream(self) -> tuple[IO[bytes], str]:
        name = self.args.input_file
        if name in (None, "-"):
            return sys.stdin.buffer, "mlir"
        path = Path(name)
        if not path.suffix and not path.exists():
            return io.BytesIO(), NETWORK
        extension = path.suffix.removeprefix(".")
        if not self.args.frontend and extension not in self.available_frontends:
            raise SpatemError(f"{name}: a file must end in .mlir or .onnx")
        return path.open("rb"), extension

    def parse_network(self, stream: IO[bytes]) -> ModuleOp:
        """Import an ONNX model or build a benchmark network."""
        from spatem_ir.frontend.load import load_network
        from spatem_ir.support.messages import told

        stream.close()
        output = self.args.output_file
        progress = ProgressLines("spatem-opt")
        progress.step(f"reading {self.args.input_file}")
        with progress.watching() as say, told(say):
            network = load_network(
                self.args.input_file,
                import_options(self.args),
                self.weights_file(),
                None if output is None else Path(output).parent,
            )
        for doubt in network.prepared.doubts:
            tell(f"spatem-opt: warning: {doubt}")
        self.store.arrays.update(network.arrays)
        return network.module

    @property
    def store(self) -> ParameterStore:
        """Where passes find parameters, and keep those that they compute."""
        if self.current_store is None:
            from spatem_ir.weights.store import new_store

            output, source = self.args.output_file, self.args.input_file
            folder = None if output is None else Path(output).parent
            self.current_store = new_store(self.weights_file(), folder)
            if source is not None and source.endswith(".mlir"):
                self.current_store = replace(self.current_store, folder=Path(source).parent)
        return self.current_store

    def apply_passes(self, prog: ModuleOp) -> None:
        if self.pipeline.passes:
            from spatem_ir.passes.partition.following import followed_by, passes_after_partition
            from spatem_ir.support.messages import Messages, told

            say = Messages(step=lambda step: tell(f"spatem-opt: {step}"))
            following = passes_after_partition(self.pipeline.passes)
            with self.store.in_use(), followed_by(following), told(say):
                super().apply_passes(prog)
        elif not self.args.disable_verify:
            prog.verify()
        if self.current_store is not None:
            self.pending_weights.update(self.current_store.referenced(prog))
        if self.args.weights and not (self.pending_weights or self.args.split_input_file):
            raise SpatemError(
                "--weights has no effect: no weights were computed; they are where they were"
            )
        if self.pending_weights and not self.weights_file():
            name = self.args.input_file or "standard input"
            raise SpatemError(f"{name}: the computed weights need a file; give -o or --weights")

    def weights_file(self) -> str | None:
        """The file for weights that are in no file yet."""
        if self.args.weights or not self.args.output_file or is_stream(self.args.output_file):
            return self.args.weights
        return str(Path(self.args.output_file).with_suffix(".npz"))

    def parse_ir(self, stream: IO[bytes]) -> ModuleOp:
        """Parse text of the IR."""
        from spatem_ir.driver.parsing import parse_module
        from spatem_ir.frontend.options import IR

        import_options(self.args).expect_effects(self.get_input_name(), IR, ())
        return parse_module(
            self.ctx,
            stream.read(),
            self.get_input_name(),
            implicit_module=not self.args.no_implicit_module,
        )

    def parse_chunk(
        self, chunk: IO[bytes], file_extension: str, start_offset: int = 0
    ) -> ModuleOp | None:
        module = super().parse_chunk(chunk, file_extension, start_offset)
        if module is not None:
            self.inputs += self.parameter_files(module)
            self.set_accelerator(module, default=file_extension != "mlir")
        return module

    def set_accelerator(self, module: ModuleOp, *, default: bool) -> None:
        """Put the accelerator named on the command line (or the default one) on the module."""
        from spatem_ir.dialects.hw import ACCELERATOR_ATTRIBUTE, AcceleratorAttr
        from spatem_ir.hardware.accelerator import doubts
        from spatem_ir.hardware.loader import DEFAULT_ACCELERATOR, load_accelerator

        name = self.args.accelerator or (DEFAULT_ACCELERATOR if default else None)
        if name is not None:
            accelerator = load_accelerator(name)
            for doubt in doubts(accelerator):
                tell(f"spatem-opt: warning: {doubt}")
            module.attributes[ACCELERATOR_ATTRIBUTE] = AcceleratorAttr(accelerator)

    def prepare_output(self) -> IO[str]:
        if self.args.output_file is None:
            if isinstance(sys.stdout, io.TextIOWrapper):
                sys.stdout.reconfigure(encoding="utf-8")
            return sys.stdout
        self.pending_output = _KeptText()
        return self.pending_output

    def parameter_files(self, module: ModuleOp) -> list[str]:
        """The files in which the parameters of a module are; no numpy if there are none."""
        from spatem_ir.dialects.cnn.parameters import FileAttr, whole_parameter

        values = (value for op in module.walk() for value in op.properties.values())
        is_read = any(isinstance(whole_parameter(value), FileAttr) for value in values)
        return self.store.files(module) if is_read else []

    def write_files(self) -> None:
        """Write the output file and the weights, once all passes have succeeded."""
        files: dict[str, bytes | Writer] = {}
        weights = self.weights_file()
        if self.pending_weights and weights is not None:
            from spatem_ir.weights.store import archive

            files[weights] = archive(self.pending_weights)
        if self.pending_output is not None:
            files[self.args.output_file] = self.pending_output.getvalue().encode()
        write_together(files, self.inputs)


class _KeptText(io.StringIO):
    """A text buffer that keeps its contents when its writer closes it."""

    def close(self) -> None:
        """Keep the contents."""


def main(argv: list[str] | None = None) -> int:
    """Run `spatem-opt` with the given arguments; returns the exit status."""

    def tool() -> None:
        optimizer = SpatemOptMain(argv)
        optimizer.run()
        optimizer.write_files()

    return run_tool("spatem-opt", tool)


if __name__ == "__main__":
    sys.exit(main())
