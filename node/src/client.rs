//! The parts of a node that everything else works on, as types.

use openledger_runtime::{apis::RuntimeApi, opaque::Block};

/// Runs the runtime's blob.
pub type Executor = sc_executor::WasmExecutor<sp_io::SubstrateHostFunctions>;
/// Knows the chain, and asks the runtime.
pub type Client = sc_service::TFullClient<Block, RuntimeApi, Executor>;
/// Keeps blocks and states.
pub type FullBackend = sc_service::TFullBackend<Block>;
/// Says which block is best.
pub type SelectChain = sc_consensus::LongestChain<FullBackend, Block>;
/// Keeps transactions until they are in a block.
pub type TransactionPool = sc_transaction_pool::TransactionPoolHandle<Block, Client>;
