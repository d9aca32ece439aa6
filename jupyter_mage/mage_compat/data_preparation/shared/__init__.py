"""As in Mage: ``mage_ai.data_preparation.shared``."""
