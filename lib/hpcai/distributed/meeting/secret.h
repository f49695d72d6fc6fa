#pragma once

#include <string>

#include "hpcai/distributed/world/world.h"

namespace hpcai::distributed {

// The key with which the ranks of a job prove to each other that they belong together: from $HPCAI_SECRET or the file
// $HPCAI_SECRET_FILE, else (and with --nproc, whose World::job is random) from the job's identity and the user's number.
// The job's name and user are mixed in always, so two jobs with one secret stay apart.
//
// Throws Error{usage} for an empty secret or a file that others may read, Error{missing_input} for one that is not there.
std::string job_secret(const World& world, const Environment& environment);

// Whether job_secret() rests only on what another user of the cluster could guess.
bool secret_is_guessable(const World& world, const Environment& environment);

}  // namespace hpcai::distributed
