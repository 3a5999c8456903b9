// trueup.yaml as it is written: one map of settings, each with its line.
//
// It knows no setting. What cannot be a setting is refused with its place: a limit that is passed
// over is worse than none, as somebody relies on it.

#pragma once

#include "state/model/result.hpp"
#include "state/model/value.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace trueup {

// The settings in `file`; nothing when it holds none, or is not there and need not be. Fails with
// invalid_input when it cannot be read, is no YAML, or is anything but one map.
Result<std::optional<Map>> read_config_file(const std::filesystem::path& file, bool must_exist);

// A boolean, number or text as it would stand on a command line; nothing for any other value.
std::optional<std::string> text_of_scalar(const Value& value);

enum class Takes { one, many };

// The words that `value` stands for on a command line, for an option that takes one or many. Fails
// with invalid_input, and the line in `file`, for a value that is empty or of another shape.
Result<std::vector<std::string>> words_of_setting(const std::string& name,
                                                  const Value& value,
                                                  Takes takes,
                                                  const std::filesystem::path& file);

// "trueup.yaml:3", where the value stands.
std::string place_in(const std::filesystem::path& file, const Value& value);

} // namespace trueup
