#include "hpcai/data/waveform_file_settings.h"

namespace hpcai::data {

void fill_in_published(WaveformSetConfig& set) {
  if (!set.parameters.empty()) return;
  if (set.mass_ratio.empty()) set.mass_ratio = "1:8:0.08";
  if (set.spin1.empty()) set.spin1 = "-0.8:0.8:0.012";
  if (set.spin2.empty()) set.spin2 = "-0.8:0.8:0.012";
}

}  // namespace hpcai::data
