#pragma once

#include <cstdint>

#include "hpcai/distributed/meeting/wire.h"
#include "hpcai/distributed/watch/status.h"

// The messages between a greeted rank and rank 0's key server. The first number of a message is its Request or Reply.
namespace hpcai::distributed {

// Requests about keys have one answer each.
enum class Request : int64_t {
  set,          // key, value -> empty
  add,          // key, number -> the sum
  wait,         // milliseconds, count, keys -> 1 and the values once all keys exist, 0 after that time
  check,        // count, keys -> 1 if all keys exist, else 0
  compare_set,  // key, expected, desired -> the value afterwards
  erase,        // key -> 1 if the key existed, else 0
  count,        // -> number of keys
  beat,         // a sign of life: rank, status, 1 if an exchange has failed -> Reply
  farewell,     // rank, 1 if the rank ends with an error -> Reply::end
};

// Answers to signs of life. Rank 0 also sends them without a request.
enum class Reply : int64_t {
  alive,       // status of rank 0
  end_reason,  // exit code, text, remedy; the run ends on all ranks
  end,         // 1 if rank 0 ends with an error, else 0; rank 0 leaves
};

// Conversions between a status and its fields in a message.
inline void pack_status(Packer& packer, const Status::Snapshot& status) {
  packer.number(static_cast<int64_t>(status.phase)).number(status.step).number(static_cast<int64_t>(status.exchanges));
  packer.number(static_cast<int64_t>(status.progress)).number(status.warm);
}

inline Status::Snapshot unpack_status(Unpacker& fields) {
  Status::Snapshot status;
  status.phase = static_cast<Phase>(fields.number());
  status.step = fields.number();
  status.exchanges = static_cast<uint64_t>(fields.number());
  status.progress = static_cast<uint64_t>(fields.number());
  status.warm = fields.number() != 0;
  return status;
}

}  // namespace hpcai::distributed
