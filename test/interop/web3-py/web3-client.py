# web3.py on a node of the sample genesis that runs: `python3 test/interop/web3-py/web3-client.py http://127.0.0.1:8545`, from the project's root.
# Every type of transaction without gas given, receipts, logs, filters, subscriptions, overrides, reverts, proofs, traces. Ends with 1 at the first fault.
import asyncio
import json
import sys

from eth_account import Account
from web3 import AsyncWeb3, Web3, WebSocketProvider
from web3.exceptions import ContractCustomError
from web3.middleware import SignAndSendRawMiddlewareBuilder

MNEMONIC = "test test test test test test test test test test test junk"
HEIR = Web3.to_checksum_address("0x" + "be" * 20)
SUPPLY = 10**21


def receipt_of(w3, tx_hash):
    receipt = w3.eth.wait_for_transaction_receipt(tx_hash, timeout=30, poll_latency=0.1)
    assert receipt["status"] == 1, receipt
    return receipt


def send_each_type(w3, account, token):
    data = token.encode_abi("transfer", [HEIR, 1])
    call = {"from": account.address, "to": token.address, "data": data}
    listed = w3.eth.create_access_list(call)["accessList"]
    requests = [
        {"gasPrice": w3.eth.gas_price},
        {"gasPrice": w3.eth.gas_price, "accessList": listed},
        {},
    ]
    receipts = [receipt_of(w3, w3.eth.send_transaction({**call, **fees})) for fees in requests]
    nonce = w3.eth.get_transaction_count(account.address)
    signed = account.sign_authorization(
        {"chainId": w3.eth.chain_id, "address": token.address, "nonce": nonce + 1}
    )
    receipts.append(receipt_of(w3, w3.eth.send_transaction({**call, "authorizationList": [signed]})))
    assert [one["type"] for one in receipts] == [0, 1, 2, 4], [one["type"] for one in receipts]
    return receipts


def check_reads(w3, account, token, receipts):
    assert token.functions.balanceOf(HEIR).call() >= 4
    logs = token.events.Transfer().get_logs(from_block=receipts[0]["blockNumber"])
    assert len(logs) >= 4, logs
    code = {"code": "0x435f5260205ff3"}
    number = w3.eth.call({"to": HEIR}, "latest", {HEIR: code})
    assert int.from_bytes(number, "big") <= w3.eth.block_number
    try:
        token.functions.transfer(HEIR, 2 * SUPPLY).estimate_gas({"from": account.address})
        raise AssertionError("a transfer of more than there is was estimated")
    except ContractCustomError:
        pass
    proof = w3.eth.get_proof(token.address, [0], "latest")
    assert len(proof["accountProof"]) > 0 and len(proof["storageProof"]) == 1
    params = [Web3.to_hex(receipts[2]["transactionHash"]), {"tracer": "callTracer"}]
    trace = w3.provider.make_request("debug_traceTransaction", params)["result"]
    assert trace["type"] == "CALL", trace


async def follow_heads(url):
    async with AsyncWeb3(WebSocketProvider(url)) as w3:
        await w3.eth.subscribe("newHeads")
        numbers = []
        async for message in w3.socket.process_subscriptions():
            numbers.append(message["result"]["number"])
            if len(numbers) == 3:
                break
        assert numbers == list(range(numbers[0], numbers[0] + 3)), numbers


def main(url):
    w3 = Web3(Web3.HTTPProvider(url))
    Account.enable_unaudited_hdwallet_features()
    account = Account.from_mnemonic(MNEMONIC, account_path="m/44'/60'/0'/0/3")
    w3.middleware_onion.inject(SignAndSendRawMiddlewareBuilder.build(account), layer=0)
    with open("dist/devnet/load/token.json") as file:
        compiled = json.load(file)
    factory = w3.eth.contract(abi=compiled["abi"], bytecode=compiled["bytecode"])
    deployed = receipt_of(w3, factory.constructor(SUPPLY).transact({"from": account.address}))
    token = w3.eth.contract(address=deployed["contractAddress"], abi=compiled["abi"])
    transfers = token.events.Transfer().create_filter(from_block="latest")
    receipts = send_each_type(w3, account, token)
    assert len(transfers.get_new_entries()) == 4
    check_reads(w3, account, token, receipts)
    asyncio.run(follow_heads(url.replace("http", "ws", 1)))
    print("web3.py found what it asked for")


main(sys.argv[1])
