#pragma once

#include <string>
#include <vector>

namespace hpcai::config {

// Where something was written.
struct Place {
  int order = 0;       // of the source: the file, its base, then each override
  std::string source;  // "file.yaml" or "--set optimizer.lr"
  int line = 0;        // from 1; 0 where there are no lines

  std::string text() const;  // "file.yaml:14"
};

// All that is wrong with a config, told together.
class Problems {
 public:
  void add(const Place& place, std::string text);
  bool empty() const { return problems_.empty(); }
  // Throws Error{usage} whose what() is report().
  void throw_if_any() const;
  // One line for each problem, sorted by place, and a closing line.
  std::string report() const;

 private:
  struct Problem {
    Place place;
    std::string text;
  };
  std::vector<Problem> problems_;
};

}  // namespace hpcai::config
