#pragma once

#include <exception>

#include "hpcai/core/error.h"

namespace hpcai {

// The Error that an exception of the standard library is for the user: no memory, a limit of the system, a file that cannot
// be reached. Everything unknown is a bug: Error{internal} with the exception's text.
Error as_error(const std::exception& exception);

}  // namespace hpcai
