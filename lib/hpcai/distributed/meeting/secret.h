#pragma once

#include <string>

#include "hpcai/distributed/world/world.h"

namespace hpcai::distributed {

// Returns the secret with which the ranks of a job prove to each other that they belong together, as 64 hex digits. It is an HMAC
// of the user's number and World::job, which is random with --nproc. The key of the HMAC is $HPCAI_SECRET, else the content of
// the file $HPCAI_SECRET_FILE, else empty. Two jobs with one key therefore have different secrets.
//
// Throws Error{usage} for an empty file or a file that other users may read, Error{missing_input} for a missing file.
std::string job_secret(const World& world, const Environment& environment);

// Whether the secret depends only on facts that another user of the cluster could guess.
bool secret_is_guessable(const World& world, const Environment& environment);

}  // namespace hpcai::distributed
