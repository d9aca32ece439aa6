"""Block kinds, one a file: data that says where Mage keeps them and whether they run and have effects."""
