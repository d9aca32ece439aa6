"""As in Mage: ``mage_ai.orchestration.triggers``."""
