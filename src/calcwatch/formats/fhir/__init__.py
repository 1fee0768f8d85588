"""FHIR R4: a result as one transaction that a server takes as a whole or not at all.

``bundle`` puts it together from ``resources`` (patient, device, studies, report, plan) and ``observations``
(findings). ``data_types`` has the small parts of FHIR, ``entries`` the transaction; codes come from
``codes``. ``check`` tells whether a bundle is valid.
"""
