"""Problem types (RFC 9457): HTTP status, title and help text of each code."""

from shared.contracts.problems.codes import Code
from shared.contracts.problems.order_types import ORDER_PROBLEMS
from shared.contracts.problems.problem_type import ProblemType
from shared.contracts.problems.receiving_types import RECEIVING_PROBLEMS
from shared.contracts.problems.request_types import REQUEST_PROBLEMS
from shared.contracts.problems.stock_types import STOCK_PROBLEMS

PROBLEM_TYPES: dict[Code, ProblemType] = REQUEST_PROBLEMS | RECEIVING_PROBLEMS | STOCK_PROBLEMS | ORDER_PROBLEMS
