"""The only file that runs a network: an ONNX file on disk -> arrays in, arrays out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import onnxruntime

from calcwatch.models.cards import BadModel

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

BATCH = 256
"""Rows of a batch; the last one is filled up, so that no answer depends on how many rows there are."""


class Network:
    """One network, loaded once and run many times.

    Attributes:
        inputs: Names of its inputs, in order.
        outputs: Number of columns of its answer.
    """

    def __init__(self, path: Path, inputs: tuple[str, ...], outputs: int) -> None:
        """Load a network with as many threads as OpenCV uses in this process.

        Args:
            path: The ONNX file.
            inputs: Names that its inputs must have, in order.
            outputs: How many columns its answer must have.

        Raises:
            BadModel: The file is no network, or its inputs or outputs are others.
        """
        options = onnxruntime.SessionOptions()
        # OpenCV's number is set for the process: several workers must not each take every core
        options.intra_op_num_threads = max(1, cv2.getNumThreads())
        options.inter_op_num_threads = 1
        # errors alone: warnings would end up among the lines of a command
        options.log_severity_level = 3
        try:
            # the CPU alone, so that the answer does not depend on what else a machine has
            session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime has an exception class for each of its status codes
            raise BadModel(
                f"{path}: this is no network that can be run; use the one that is shipped, or train one"
            ) from error
        # arrays are given by position: wrong names would feed them to the wrong inputs
        names = tuple(entry.name for entry in session.get_inputs())
        width = session.get_outputs()[0].shape[-1]
        if names != inputs or width != outputs:
            raise BadModel(
                f"{path}: the network takes {', '.join(names)} and answers with {width} columns, but it "
                f"should take {', '.join(inputs)} and answer with {outputs}; train it again"
            )
        self.inputs = inputs
        self.outputs = outputs
        self._session = session

    def run(self, *arrays: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run all rows at once, for networks that are small and look at all of them together.

        Args:
            *arrays: One array an input, float32, all with the same number of rows.

        Returns:
            Rows x ``outputs``, float32; no rows give an empty array.
        """
        if not len(arrays[0]):
            return np.zeros((0, self.outputs), np.float32)
        feeds = dict(zip(self.inputs, arrays, strict=True))
        return np.asarray(self._session.run(None, feeds)[0], dtype=np.float32)

    def run_in_batches(self, *arrays: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run row by row in batches of one size, so that an answer depends on its own row alone.

        Args:
            *arrays: One array an input, float32, all with the same number of rows.

        Returns:
            Rows x ``outputs``, float32; no rows give an empty array.
        """
        count = len(arrays[0])
        answers = np.zeros((count, self.outputs), np.float32)
        for start in range(0, count, BATCH):
            stop = min(start + BATCH, count)
            rows = (_filled_up(array[start:stop]) for array in arrays)
            feeds = dict(zip(self.inputs, rows, strict=True))
            # what filled the batch up is cut off again
            answers[start:stop] = self._session.run(None, feeds)[0][: stop - start]
        return answers


def _filled_up(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    missing = BATCH - len(rows)
    # rows of zeros: a batch of another size may be computed in another order and differ in the last bits
    return np.pad(rows, [(0, missing), *[(0, 0)] * (rows.ndim - 1)]) if missing else rows
