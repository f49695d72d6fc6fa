#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hpcai/data/hdf5/hdf5_array.h"

namespace H5 {
class DataSet;
}

// Which rows of a data set hold what somebody has written: a job that is killed leaves the rest as fill values.
namespace hpcai::data {

// Throws Error{bad_data} that names the rows of a chunked data set, called `where`, that lack storage. `bytes` is the size
// of all its values; returns the size of those that have storage. Call it under Hdf5Lock.
double refuse_missing_chunks(const H5::DataSet& data_set, const std::string& where, double bytes);

// Bytes of the chunks that one row lies in; `row_bytes` of them are the row's. Call it under Hdf5Lock.
int64_t bytes_per_row_of_chunks(const H5::DataSet& data_set, int64_t row_bytes);

// Whether the row holds nothing but the fill value.
bool is_unwritten(const Hdf5Array& array, int64_t row);
bool is_unwritten(const Hdf5Array& array, const float* row);

[[noreturn]] void refuse_unwritten(const Hdf5Array& array, int64_t row);

// Throws Error{bad_data} if a few rows, chosen over the whole data set, or the last `tail` rows together hold nothing but
// the fill value. Reads about a dozen rows, none of data sets whose rows are very costly to read.
void refuse_unwritten_rows(const Hdf5Array& array);
void refuse_unwritten_tail(const Hdf5Array& array, int64_t tail);

}  // namespace hpcai::data
