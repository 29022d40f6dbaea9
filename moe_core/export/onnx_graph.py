"""An ONNX graph while it is being written: nodes, constants and the numbers it keeps.

Knows nothing of models; names are short because a file carries each of them several times.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 20
CONTRIB = "com.microsoft"  # where onnxruntime keeps MatMulNBits
FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64


class Graph:
    """`graph("Add", a, b)` writes one node and gives back the name of its output, or names if it has several."""

    def __init__(self):
        self.nodes: list[onnx.NodeProto] = []
        self.kept: dict[str, onnx.TensorProto] = {}
        self._values = 0

    def __call__(self, operator: str, *inputs: str, outputs: int = 1, domain: str = "", **attributes):
        """One node; its number is its name, because some tools need every name to be there and unique."""
        names = [self._name() for _ in range(outputs)]
        self.nodes.append(helper.make_node(operator, inputs, names, name=f"n{len(self.nodes)}", domain=domain,
                                           **attributes))
        return names if outputs > 1 else names[0]

    def keep(self, name: str, tensor: onnx.TensorProto | np.ndarray) -> str:
        """Numbers that travel in the file; the name may be asked for again."""
        made = tensor
        if isinstance(tensor, np.ndarray):
            made = numpy_helper.from_array(np.asarray(tensor, order="C"))
        made.name = name
        self.kept[name] = made
        return name

    def ints(self, *values: int) -> str:
        """A list of whole numbers, kept once however often it is used."""
        return self._constant("i" + "_".join(map(str, values)), np.array(values, np.int64))

    def whole(self, value: int) -> str:
        """One whole number without a dimension."""
        return self._constant(f"s{value}", np.array(value, np.int64))

    def number(self, value: float) -> str:
        """One fp32 number without a dimension."""
        return self._constant(f"f{value}", np.array(value, np.float32))

    def output(self, name: str, value: str) -> None:
        """Let the caller read this value under a name."""
        self.nodes.append(helper.make_node("Identity", [value], [name], name=f"n{len(self.nodes)}"))

    def model(self, inputs: dict, outputs: dict, told: dict[str, str]) -> onnx.ModelProto:
        """The finished file; inputs and outputs are name -> (type, shape), a word in a shape is a free length."""
        declared = [[helper.make_tensor_value_info(name, *kind) for name, kind in side.items()]
                    for side in (inputs, outputs)]
        graph = helper.make_graph(self.nodes, "moescope", *declared, initializer=list(self.kept.values()))
        made = helper.make_model(graph, ir_version=10, producer_name="moescope", opset_imports=[
            helper.make_opsetid("", OPSET), helper.make_opsetid(CONTRIB, 1)])
        helper.set_model_props(made, told)
        return made

    def _constant(self, name: str, value: np.ndarray) -> str:
        return name if name in self.kept else self.keep(name, value)

    def _name(self) -> str:
        self._values += 1
        return f"t{self._values}"
