// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// The devnet's load: a plain OpenZeppelin ERC-20 whose whole supply goes to its deployer.
contract Token is ERC20 {
    constructor(uint256 supply) ERC20("Rekindle Devnet Token", "EMBER") {
        _mint(msg.sender, supply);
    }
}
