"""Training of the detector: phantoms, inserted calcifications -> ONNX. The only room that imports torch."""
