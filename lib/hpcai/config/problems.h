#pragma once

#include <string>
#include <vector>

namespace hpcai::config {

// The place of a text in a config.
struct Place {
  int order = 0;       // number of the source: the file, its base, then each override
  std::string source;  // "file.yaml" or "--set optimizer.lr"
  int line = 0;        // from 1; 0 for a source without lines

  std::string text() const;  // "file.yaml:14"
};

// The problems of a config, which are reported together.
class Problems {
 public:
  // Records a problem. `text` is a sentence.
  void add(const Place& place, std::string text);
  // Records the problems of another, each with `sentence` at its end.
  void add(const Problems& others, const std::string& sentence);
  bool empty() const { return problems_.empty(); }
  // Throws Error{usage} with report() as its text.
  void throw_if_any() const;
  // Returns one line for each problem, sorted by place, and a closing line.
  std::string report() const;

 private:
  struct Problem {
    Place place;
    std::string text;
  };
  std::vector<Problem> problems_;
};

}  // namespace hpcai::config
