#pragma once

#include <nlohmann/json_fwd.hpp>

#include "hpcai/core/folder_lock.h"
#include "hpcai/scaling/study/study.h"

namespace hpcai::scaling {

// The folder of a study with study.json and the resolved configs of the experiments. The object holds a lock on the folder, so
// that only one program works on the study.
class StudyFolder {
 public:
  // Locks the folder of `study` and creates it if necessary. Adds new experiments, worlds and repeats to an existing study.
  // Throws Error{usage} if the folder holds something else or another program uses it, Error{cannot_resume} if it holds an
  // experiment of the same name with other settings or the other kind of scaling, and Error{cannot_write}.
  explicit StudyFolder(const Study& study);

  // The study of the constructor together with the experiments, worlds and repeats that the folder held before.
  const Study& whole() const { return whole_; }

 private:
  Study whole_;
  FolderLock lock_;
};

}  // namespace hpcai::scaling
