#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "hpcai/data/image.h"

namespace hpcai::data {

inline constexpr const char* kCutOffFits = "damaged FITS: the file ends too early";

// A plane of an image HDU.
struct FitsPlane {
  int hdu = 1;        // from 1
  int axes = 2;       // of the HDU's image; further axes have length 1
  int64_t plane = 0;  // from 0
  int64_t height = 0, width = 0;
  std::vector<std::string> names;  // what the header calls it; may be empty
};

// A FITS file in memory, as CFITSIO sees it. The bytes must outlive it; CFITSIO does not read outside them and opens nothing
// else. All functions throw ImageError.
class FitsFile {
 public:
  explicit FitsFile(std::string_view bytes);  // makes a copy
  ~FitsFile();
  FitsFile(const FitsFile&) = delete;
  FitsFile& operator=(const FitsFile&) = delete;

  // The planes of image HDUs in the order of the file; if `first_only`, of the first HDU that has an image, whose data need not
  // be in the bytes.
  std::vector<FitsPlane> planes(bool first_only);
  // The values of one of the planes of the whole file, [height, width] with the lowest row first; NaN where there is no value.
  void read(const FitsPlane& plane, float* out);

 private:
  void move_to(int hdu);
  bool find(int hdu);  // the next one; false behind the last one
  void add_planes(int hdu, std::vector<FitsPlane>& planes);
  void check_compression();
  // Whether the file has all data that this HDU tells of. The library takes the end of the last HDU for the end of the file, and
  // would read on to there.
  void check_all_there();
  std::string text(const std::string& key);
  void check() const;  // throws ImageError if the last call failed

  std::unique_lock<std::mutex> lock_;  // held where the library was built for one thread
  double size_;                        // of the file
  std::string bytes_;                  // of the file, filled up with zeros to whole FITS blocks
  void* start_ = nullptr;              // where the library looks for the bytes, and their number
  size_t padded_ = 0;
  void* file_ = nullptr;
  int status_ = 0;
};

}  // namespace hpcai::data
