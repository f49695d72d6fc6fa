#pragma once

#include <nlohmann/json_fwd.hpp>

#include "hpcai/core/folder_lock.h"
#include "hpcai/scaling/study/study.h"

namespace hpcai::scaling {

// <folder>/study.json and the experiments' resolved configs: what the runs in this folder belong to. Held locked, so that no
// second program works on the same study.
class StudyFolder {
 public:
  // Enters the folder of `study`, or makes it. One that exists is extended by further experiments, worlds and repeats. Throws
  // Error{usage} if it holds something else or is in use, Error{cannot_resume} if it holds an experiment of the same name with
  // other settings or the other kind of scaling, Error{cannot_write}.
  explicit StudyFolder(const Study& study);

  // All that this folder is about: what is asked for now and what was before.
  const Study& whole() const { return whole_; }

 private:
  Study whole_;
  FolderLock lock_;
};

}  // namespace hpcai::scaling
