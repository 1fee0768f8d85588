"""FHIR R4: results, orders and messages as resources; the only room that speaks FHIR."""
