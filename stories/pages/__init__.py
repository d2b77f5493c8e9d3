"""The family's pages: Django views, forms and templates' data, and stories as e-books."""
