"""The living contract, which the modules beside this one declare their endpoints on."""

from donebook.contracts.v2.voice import ProblemVoice
from donebook.http.contract import Contract

contract = Contract("v2", "The living contract: everything the ledger offers", ProblemVoice())
