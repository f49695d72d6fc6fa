#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "hpcai/core/folder_lock.h"
#include "hpcai/search/journal.h"
#include "hpcai/search/space.h"
#include "hpcai/trainer/experiment.h"

namespace hpcai::search {

// What the user asks for.
struct SearchRequest {
  std::filesystem::path config;
  std::vector<std::string> overrides;  // "key=value"
  std::filesystem::path space;
  std::filesystem::path folder;
  int nproc = 0;  // ranks of each trial, which the program starts; 0: one process without --nproc
};

// A search that has been checked.
struct Search {
  Space space;
  trainer::Experiment experiment;  // with none of the trials' settings
  std::filesystem::path folder;
  int nproc = 0;

  std::filesystem::path config() const { return folder / "config.yaml"; }  // of the experiment, resolved
  std::filesystem::path trials() const { return folder / "trials"; }
  std::filesystem::path run_folder(int64_t number) const;  // trials/0007, a normal run folder
  std::filesystem::path output(int64_t number) const;      // trials/0007.txt, what the training has printed
  std::filesystem::path worker(int number) const;          // workers/3, the folder of a Slurm worker with its journal
};

// Reads and checks config and space. Writes nothing. Throws Error{usage} that lists all problems, and Error{missing_input}.
Search plan_search(const SearchRequest& request);

// How a program works on the folder of a search. At most one program holds it, or one program for each worker folder.
struct Holder {
  int worker = 0;           // 1 ...: one of the workers of a Slurm array; 0: the program alone
  bool reads_only = false;  // looks at a search at which others may work
};

// The folder of a search, locked, with its journals.
class SearchFolder {
 public:
  // Makes or enters the folder. Throws Error{usage} if it holds something else or another program uses it, Error{cannot_resume}
  // with the differences if it holds a search of another config or space, and Error{cannot_write}.
  SearchFolder(const Search& search, Holder holder);

  const Search& search() const { return search_; }
  // Reads all journals again. Throws Error{bad_data, missing_input}.
  std::map<int64_t, Trial> read() const;
  // Writes a line into this program's journal, which one that only reads does not have. Throws Error{cannot_write}.
  void append(const nlohmann::ordered_json& line) { journal_->append(line); }

 private:
  Search search_;
  std::vector<FolderLock> locks_;
  std::unique_ptr<Journal> journal_;
};

// The command line of a trial's training without the program's name and without a pause.
std::vector<std::string> training_arguments(const Search& search, const Values& parameters, int64_t number);

// All journals of a search.
std::vector<std::filesystem::path> journals_of(const Search& search);

// Makes the folders of the workers 1 to `count`, which a program that holds the search does before it submits them.
void make_workers(const Search& search, int count);

// The number of these trials whose parameters come from outside.
int64_t given_trials(const std::map<int64_t, Trial>& known);

// What the sampler proposes for the trials 0 to `count` - 1; nothing for those from outside. These take no cell of a grid, so a
// search with all cells has most_trials() + given_trials().
std::vector<Values> propose_all(const Space& space, const std::map<int64_t, Trial>& known, int64_t count);
// These trials as the journals know them, those that have not begun with the proposals.
std::vector<Trial> whole_list(const std::map<int64_t, Trial>& known, const std::vector<Values>& proposals);

}  // namespace hpcai::search
