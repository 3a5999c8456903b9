#include "reconciler/daemon/inotify.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace trueup {

namespace {

constexpr std::uint32_t events_heard = IN_CREATE | IN_DELETE | IN_MODIFY | IN_CLOSE_WRITE |
                                       IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF |
                                       IN_MOVE_SELF | IN_ONLYDIR;
constexpr std::size_t buffer_bytes = 64U << 10U;

} // namespace

Result<std::unique_ptr<Inotify>> Inotify::open(boost::asio::io_context& context,
                                               std::function<void()> changed)
{
    const int descriptor = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (descriptor < 0)
        return Error{Errc::internal,
                     "changes of files cannot be heard of: " +
                         std::generic_category().message(errno),
                     "",
                     "raise fs.inotify.max_user_instances"};
    return std::unique_ptr<Inotify>(new Inotify(context, descriptor, std::move(changed)));
}

Inotify::Inotify(boost::asio::io_context& context, int descriptor, std::function<void()> changed)
    : changed_(std::move(changed)), descriptor_(context.get_executor(), descriptor)
{
    wait();
}

void Inotify::wait()
{
    descriptor_.async_wait(
        boost::asio::posix::descriptor_base::wait_read,
        [this, alive = std::weak_ptr<bool>(alive_)](boost::system::error_code failure) {
            if (failure || alive.expired())
                return;
            drain();
            changed_();
            wait();
        });
}

// Which of them it was does not matter.
void Inotify::drain()
{
    std::array<char, buffer_bytes> buffer{};
    while (::read(descriptor_.native_handle(), buffer.data(), buffer.size()) > 0) {
    }
}

Result<void> Inotify::watch(const std::vector<std::filesystem::path>& directories)
{
    std::map<int, std::filesystem::path> now;
    Result<void> result;
    for (const std::filesystem::path& directory : directories) {
        // The same directory has the same number; one that took its place has another.
        const int watch =
            ::inotify_add_watch(descriptor_.native_handle(), directory.c_str(), events_heard);
        if (watch >= 0)
            now.emplace(watch, directory);
        else if (errno == ENOSPC)
            result = Error{Errc::internal,
                           "changes in " + directory.string() +
                               " cannot be heard of: too many "
                               "directories are watched",
                           "",
                           "raise fs.inotify.max_user_watches; until then each interval looks"};
    }
    for (const auto& [watch, directory] : watched_)
        if (!now.contains(watch))
            ::inotify_rm_watch(descriptor_.native_handle(), watch);
    watched_ = std::move(now);
    return result;
}

} // namespace trueup
