"""Results -> DICOM objects, each valid from the moment it exists.

An object of a result is made in one module named after its information object definition, by a function from
``evidence.Evidence`` to a data set. ``common_modules`` gives an object its patient, study and equipment;
``highdicom_objects`` does the same for what highdicom has built. Two families have a room of their own:
``cad`` (Mammography CAD SR, TID 4000) and ``measurements`` (Comprehensive 3D SR, TID 1500). ``mammogram``
writes the images of phantoms.
"""
