// All attacks, in the order in which they are run.
import { type Attack } from './attack.ts'
import { ANSWER_BATCHES, LOG_BATCHES } from './attacks/answer-batches.ts'
import { BLAKE2F_TRANSACTIONS } from './attacks/blake2f-transactions.ts'
import { CONNECTION_CHURN } from './attacks/connection-churn.ts'
import { CONTROL_FLOOD } from './attacks/control-flood.ts'
import {
  BLAKE2F_CALLS,
  CURVE_CALLS,
  ENDLESS_CALLS,
  ENDLESS_ESTIMATES
} from './attacks/costly-calls.ts'
import { ENDLESS_NOISE } from './attacks/endless-noise.ts'
import { FREE_TRANSACTIONS } from './attacks/free-transactions.ts'
import { GARBAGE_JSON } from './attacks/garbage-json.ts'
import { GIANT_IDENTIFY } from './attacks/giant-identify.ts'
import { HALF_OPEN } from './attacks/half-open.ts'
import { HANDSHAKE_TRICKLE } from './attacks/handshake-trickle.ts'
import { IDENTIFY_BYTES } from './attacks/identify-bytes.ts'
import { LYING_BACKUP } from './attacks/lying-backup.ts'
import { MUXER_BYTES } from './attacks/muxer-bytes.ts'
import { NOISE_MESSAGES } from './attacks/noise-messages.ts'
import { NONCE_GAPS } from './attacks/nonce-gaps.ts'
import { PING_FLOOD } from './attacks/ping-flood.ts'
import { QUIET } from './attacks/quiet.ts'
import { RANGE_HOLDERS, RANGE_HOLDERS_LOSS } from './attacks/range-holders.ts'
import { RAW_BYTES } from './attacks/raw-bytes.ts'
import { REPLAYED_BLOCKS } from './attacks/replayed-blocks.ts'
import { MALFORMED_REQUESTS, STATUS_FLOOD, TIP_FLOOD } from './attacks/request-floods.ts'
import { SHARED_KEY } from './attacks/shared-key.ts'
import { SLOW_HTTP_READERS } from './attacks/slow-http-readers.ts'
import { METRICS_CONNECTIONS, SLOW_HTTP_WRITERS } from './attacks/slow-http-writers.ts'
import { SLOW_READERS } from './attacks/slow-readers.ts'
import { NEW_BOMBS, SAME_BOMB } from './attacks/snappy-bombs.ts'
import { STREAM_OPENS } from './attacks/stream-opens.ts'
import { TOPIC_FLOOD } from './attacks/topic-flood.ts'
import { TRICKLED_REQUESTS } from './attacks/trickled-requests.ts'
import { UNSIGNED_BLOCKS } from './attacks/unsigned-blocks.ts'
import { YAMUX_PINGS } from './attacks/yamux-pings.ts'
import { ZERO_WINDOWS } from './attacks/zero-windows.ts'

/** A new attack is a file of its own, named here. */
export const ATTACKS: readonly Attack[] = [
  QUIET,
  RAW_BYTES,
  HALF_OPEN,
  CONNECTION_CHURN,
  HANDSHAKE_TRICKLE,
  ENDLESS_NOISE,
  NOISE_MESSAGES,
  MUXER_BYTES,
  IDENTIFY_BYTES,
  ZERO_WINDOWS,
  YAMUX_PINGS,
  STREAM_OPENS,
  PING_FLOOD,
  GIANT_IDENTIFY,
  SAME_BOMB,
  NEW_BOMBS,
  UNSIGNED_BLOCKS,
  REPLAYED_BLOCKS,
  CONTROL_FLOOD,
  TOPIC_FLOOD,
  RANGE_HOLDERS,
  RANGE_HOLDERS_LOSS,
  SLOW_READERS,
  TRICKLED_REQUESTS,
  MALFORMED_REQUESTS,
  STATUS_FLOOD,
  TIP_FLOOD,
  LYING_BACKUP,
  SHARED_KEY,
  BLAKE2F_CALLS,
  ENDLESS_CALLS,
  ENDLESS_ESTIMATES,
  CURVE_CALLS,
  BLAKE2F_TRANSACTIONS,
  NONCE_GAPS,
  FREE_TRANSACTIONS,
  LOG_BATCHES,
  ANSWER_BATCHES,
  SLOW_HTTP_READERS,
  SLOW_HTTP_WRITERS,
  METRICS_CONNECTIONS,
  GARBAGE_JSON
]
