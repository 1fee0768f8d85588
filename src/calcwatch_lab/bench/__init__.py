"""The bench: what is true of test images, figures of merit, and the pages of evidence.

``truth`` says what is true; ``statistics`` turns marks held against it into figures with intervals;
``detection``, ``description`` and ``changes`` measure a part of calcwatch each and write its page; ``speed``
times it. What is true is never computed by the code under test.
"""
