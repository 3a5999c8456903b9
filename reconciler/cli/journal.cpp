#include "reconciler/cli/journal.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>

namespace trueup {

namespace {

// "NAME=value", or, of a value with line breaks, its length in eight bytes, least first.
void append(std::string& datagram, std::string_view name, const std::string& value)
{
    datagram += name;
    if (value.find('\n') == std::string::npos) {
        datagram += '=';
    } else {
        datagram += '\n';
        std::uint64_t length = value.size();
        for (int i = 0; i < 8; ++i, length >>= 8U)
            datagram += static_cast<char>(length & 0xFFU);
    }
    datagram += value;
    datagram += '\n';
}

} // namespace

Journal::Journal(const std::filesystem::path& socket)
{
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = socket.string();
    if (path.size() >= sizeof address.sun_path)
        return;
    std::memcpy(address.sun_path, path.data(), path.size());
    socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    void* const any = &address;
    if (socket_ >= 0 && ::connect(socket_, static_cast<sockaddr*>(any), sizeof address) != 0) {
        ::close(socket_);
        socket_ = -1;
    }
}

Journal::~Journal()
{
    if (socket_ >= 0)
        ::close(socket_);
}

bool Journal::send(const JournalFields& fields) const
{
    if (socket_ < 0)
        return false;
    std::string datagram;
    for (const auto& [name, value] : fields)
        if (!value.empty())
            append(datagram, name, value);
    return ::send(socket_, datagram.data(), datagram.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(datagram.size());
}

} // namespace trueup
