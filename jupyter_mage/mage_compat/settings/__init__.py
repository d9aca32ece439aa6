"""As in Mage: ``mage_ai.settings``."""
