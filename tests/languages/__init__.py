"""Languages: the catalogues in translations/, kept in step with the texts in the code (`python -m tests.languages`)."""
