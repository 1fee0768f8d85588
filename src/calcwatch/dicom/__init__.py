"""The only room that speaks DICOM: bytes in, mammograms and descriptions out."""
