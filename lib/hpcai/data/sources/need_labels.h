#pragma once

namespace hpcai::data {

// What the labels of a file are for. Where they are `optional`, samples without usable labels are unlabelled.
enum class LabelUse { for_training, for_evaluation, optional };

// The use that a trained network makes of labels.
inline LabelUse network_labels(bool labels_optional) { return labels_optional ? LabelUse::optional : LabelUse::for_evaluation; }

// What a user does who evaluates samples of which the truth is not known.
inline constexpr const char* kNeedLabelsRemedy =
    "To evaluate, give samples with labels: a folder with a catalogue, a list with a label column, or an HDF5 file with labels; "
    "predict needs none.";

}  // namespace hpcai::data
