// Log records with fields, in the native protocol of systemd-journald: one datagram each.
//
// Not sd_journal_sendv, which waits when the journal does not keep up: no work waits for its log.

#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace trueup {

using JournalFields = std::vector<std::pair<std::string_view, std::string>>;

class Journal {
public:
    explicit Journal(const std::filesystem::path& socket = "/run/systemd/journal/socket");
    Journal(const Journal&) = delete;
    Journal& operator=(const Journal&) = delete;
    ~Journal();

    // Hands the record over, without fields that are empty. False, and nothing was sent, when
    // nobody listens, the journal has no room now, or the record is too long for a datagram.
    bool send(const JournalFields& fields) const;

private:
    int socket_ = -1;
};

} // namespace trueup
