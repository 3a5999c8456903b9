// The names that ${NAME} may take in a manifest, and their values.
//
// Acts on text that was parsed already, so a value can never change the structure of a document,
// and is never substituted again itself.

#pragma once

#include "manifests/load.hpp"
#include "state/model/result.hpp"

#include <map>
#include <string>
#include <string_view>

namespace trueup::manifests {

class Variables {
public:
    // Reads vars.yaml at the root of each given directory; a later directory's value replaces an
    // earlier one's. `options` must outlive the variables.
    Variables(const LoadOptions& options, Diagnostics& diagnostics);

    // True when `text` holds something to substitute.
    static bool concern(std::string_view text) { return text.find("${") != std::string_view::npos; }

    // `text` with each ${NAME} replaced and each $${ turned into ${. Fails with invalid_input on an
    // unknown name and on a ${ that is not closed. Sources: --var, then vars.yaml, then the allowed
    // environment.
    Result<std::string> substitute(std::string_view text) const;

private:
    void read_file_of(const std::filesystem::path& directory, Diagnostics& diagnostics);
    void read_values(const Value& document, const std::string& file, Diagnostics& diagnostics);
    Result<std::string> value_of(const std::string& name) const;
    std::string advice_for(const std::string& name) const;

    const LoadOptions& options_;
    std::map<std::string, std::string> from_files_;
};

} // namespace trueup::manifests
