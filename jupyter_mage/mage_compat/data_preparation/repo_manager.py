"""Where older templates import `get_repo_path` from."""

from ..settings.repo import get_repo_name as get_repo_name
from ..settings.repo import get_repo_path as get_repo_path
from ..settings.repo import get_variables_dir as get_variables_dir
