#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// The messages between the parent of --nproc and its ranks when ranks are lost. Each rank has a socket pair with the parent.
namespace hpcai::distributed {

// The parent calls the living ranks and the new ones to another meeting.
struct MeetingCall {
  int port = 0;
  std::string job;     // a new one, so that nobody meets a rank of an earlier meeting
  int restarts = 0;    // how often ranks were started again
  int listen_fd = -1;  // the socket of the meeting, for rank 0 only
};

// A rank tells the parent that it cannot go on without `lost`.
struct LossReport {
  int restarts = 0;       // of the meeting in which the ranks were lost; see MeetingCall
  int64_t step = 0;       // of the training when the ranks were lost
  std::vector<int> lost;  // ranks
};

// Makes a socket pair that keeps the bounds of messages. Returns the ends of the parent and of the rank, both closed in other
// programs. Throws std::runtime_error if the process may open no more files.
std::pair<int, int> make_parent_link();

// Send a message. A rank or a parent that has ended does not receive it.
void send_call(int fd, const MeetingCall& call);
void send_report(int fd, const LossReport& report);

// Returns a report that has arrived; nothing if there is none. Throws std::runtime_error for a message that is none.
std::optional<LossReport> receive_report(int fd);
// Waits for a call and returns the newest one; the caller owns its listen_fd. Returns nothing if the parent has closed its end:
// it makes no further meeting.
std::optional<MeetingCall> wait_for_call(int fd);
// Whether wait_for_call() would return at once, or after at most `limit`. False for -1.
bool is_called(int fd, std::chrono::milliseconds limit = {});

}  // namespace hpcai::distributed
