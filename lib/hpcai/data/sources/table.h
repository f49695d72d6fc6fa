#pragma once

#include "hpcai/data/sources/source.h"
#include "hpcai/data/tables/table_config.h"

namespace hpcai::data {

// See source.h.
std::optional<SampleSpec> source_spec(const TableConfig& config);
Splits open_source(const TableConfig& config, const OpenOptions& options);
std::unique_ptr<Dataset> open_source_split(const TableConfig& config, Split split, const NetworkUse& use);
std::unique_ptr<Dataset> open_source_input(const TableConfig& config, const std::filesystem::path& input, const NetworkUse& use);

}  // namespace hpcai::data
