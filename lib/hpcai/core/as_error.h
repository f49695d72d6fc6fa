#pragma once

#include <exception>

#include "hpcai/core/error.h"

namespace hpcai {

// Converts an exception of the standard library into the Error for the user: too little memory, a limit of the system, a file
// that cannot be reached. Every other exception is a bug: Error{internal} with the exception's text.
Error as_error(const std::exception& exception);

}  // namespace hpcai
