#pragma once

#include <H5Cpp.h>

#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "../support.h"

// Files of strain, written with the HDF5 library itself.
namespace hpcai::data::test {

struct StrainFileContent {
  std::string detector = "H1";
  double start_gps_s = 1126259446, rate_hz = 64, duration_s = 8;
  std::vector<double> values = {};  // empty: value k is 1e-21 sin(k)
  H5::DataType stored = H5::PredType::IEEE_F64LE;
  bool chunked = true;
  bool variable_text = true;
  std::vector<double> quality = {};  // bits DATA and CBC_CAT1 of each second; empty: no mask
  std::string leave_out = {};        // name of an attribute or data set that the file lacks
  double said_points = -1;           // what Npoints says, if it is not the number of samples
};

inline void write_text(H5::Group& group, const std::string& name, const std::string& text, bool variable) {
  const H5::StrType type(H5::PredType::C_S1, variable ? H5T_VARIABLE : text.size());
  const char* pointer = text.c_str();
  const H5::DataSet data_set = group.createDataSet(name, type, H5::DataSpace());
  data_set.write(variable ? static_cast<const void*>(&pointer) : text.data(), type);
}

inline void write_number(H5::H5Object& object, const std::string& name, const H5::PredType& type, double value) {
  object.createAttribute(name, type, H5::DataSpace()).write(H5::PredType::NATIVE_DOUBLE, &value);
}

inline void write_strain_file(const std::filesystem::path& path, StrainFileContent content = {}) {
  const auto has = [&](const std::string& name) { return content.leave_out != name; };
  H5::H5File file(path.string(), H5F_ACC_TRUNC);
  const auto count = static_cast<hsize_t>(content.rate_hz * content.duration_s);
  if (content.values.empty()) {
    for (hsize_t k = 0; k < count; ++k) content.values.push_back(1e-21 * std::sin(static_cast<double>(k)));
  }
  H5::Group strain = file.createGroup("strain");
  if (has("Strain")) {
    H5::DSetCreatPropList properties;
    const hsize_t rows = content.values.size(), chunk = 100;
    if (content.chunked) {
      properties.setChunk(1, &chunk);
      properties.setDeflate(4);
    }
    write_array(file, "strain/Strain", {rows}, content.values, content.stored, properties);
    H5::DataSet data_set = file.openDataSet("strain/Strain");
    if (has("Xstart")) write_number(data_set, "Xstart", H5::PredType::STD_I64LE, content.start_gps_s);
    if (has("Xspacing")) write_number(data_set, "Xspacing", H5::PredType::IEEE_F64LE, 1 / content.rate_hz);
    const double points = content.said_points < 0 ? static_cast<double>(rows) : content.said_points;
    if (has("Npoints")) write_number(data_set, "Npoints", H5::PredType::STD_I64LE, points);
  }
  H5::Group meta = file.createGroup("meta");
  if (has("Detector")) write_text(meta, "Detector", content.detector, content.variable_text);
  if (has("GPSstart")) {
    meta.createDataSet("GPSstart", H5::PredType::STD_I64LE, H5::DataSpace())
        .write(&content.start_gps_s, H5::PredType::NATIVE_DOUBLE);
  }
  if (has("Duration")) {
    meta.createDataSet("Duration", H5::PredType::STD_I64LE, H5::DataSpace())
        .write(&content.duration_s, H5::PredType::NATIVE_DOUBLE);
  }
  if (content.quality.empty()) return;
  file.createGroup("quality");
  file.createGroup("quality/simple");
  write_array(file, "quality/simple/DQmask", {content.quality.size()}, content.quality, H5::PredType::STD_U32LE);
  const H5::StrType flag(H5::PredType::C_S1, 10);
  const hsize_t flags = 2;
  const char names[2][10] = {"DATA", "CBC_CAT1"};
  file.createDataSet("quality/simple/DQShortnames", flag, H5::DataSpace(1, &flags)).write(names, flag);
}

}  // namespace hpcai::data::test
