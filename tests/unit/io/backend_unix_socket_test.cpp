// Conformance of every backend: listening at Unix sockets.

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "support/backend_suite.hpp"

namespace ferrule::io::suite {

/// A directory of its own, as long as it lives.
class temporary_directory {
 public:
  temporary_directory() {
    EXPECT_NE(::mkdtemp(path_.data()), nullptr);
  }
  temporary_directory(const temporary_directory&) = delete;
  ~temporary_directory() { std::filesystem::remove_all(path_); }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_ = "/tmp/ferrule-test-XXXXXX";
};

template <class World>
class backend_unix_socket_test : public backend_suite<World> {
 protected:
  std::int32_t try_listen(const socket_options& options = {}) {
    return this->io().listen(at_, options);
  }
  handle listen() {
    const std::int32_t made = try_listen();
    EXPECT_GE(made, 0);
    return static_cast<handle>(made);
  }
  /// Begins to connect, with a socket of its own.
  std::pair<handle, call&> connect() {
    const std::int32_t made = this->io().open(AF_UNIX, SOCK_STREAM);
    EXPECT_GE(made, 0);
    call& connecting = this->make_call();
    this->io().connect(connecting, static_cast<handle>(made), at_);
    return {static_cast<handle>(made), connecting};
  }
  std::int32_t connect_result() {
    const auto [client, connecting] = connect();
    EXPECT_TRUE(this->run_until_ended(connecting));
    return connecting.result;
  }
  bool has_file() const { return std::filesystem::exists(path_); }

  temporary_directory directory_;
  std::string path_ = directory_.file("here.sock");
  address at_ = *address::unix_socket(path_);
};
TYPED_TEST_SUITE(backend_unix_socket_test, worlds);

TYPED_TEST(backend_unix_socket_test, brings_clients_that_have_no_address) {
  const handle listener = this->listen();
  EXPECT_EQ(this->local(listener), this->at_);
  acceptor& accepting = this->make_acceptor();
  this->io().accept_start(accepting, listener);
  const auto [client, connecting] = this->connect();
  ASSERT_TRUE(
      this->run_until([&, &c = connecting] { return c.ended && accepting.accepted.size() == 1; }));
  EXPECT_EQ(connecting.result, 0);
  const handle server = accepting.accepted[0];
  address peer;
  ASSERT_EQ(this->io().peer(server, peer), 0);
  EXPECT_TRUE(peer.is_unix());
  EXPECT_EQ(peer.path(), "");

  const std::string text = pattern(300'000);
  for (const auto& [from, to] : {std::pair(client, server), std::pair(server, client)}) {
    receiver& receiving = this->make_receiver();
    sender& sending = this->make_sender(text);
    this->io().recv_start(receiving, to);
    sending.start(this->io(), from);
    ASSERT_TRUE(this->run_until([&] { return receiving.bytes.size() == text.size(); }));
    EXPECT_EQ(receiving.bytes, text);
    this->io().shutdown(from, SHUT_WR);
    ASSERT_TRUE(this->run_until_ended(receiving));
    EXPECT_EQ(receiving.result, 0) << "FIN";
  }
}

TYPED_TEST(backend_unix_socket_test, is_refused_where_somebody_listens) {
  this->listen();
  EXPECT_EQ(this->try_listen(), -EADDRINUSE);
  EXPECT_EQ(this->connect_result(), 0) << "the first goes on";
}

TYPED_TEST(backend_unix_socket_test, who_waits_is_accepted_after_its_end_while_another_begins) {
  const handle listener = this->listen();
  EXPECT_EQ(this->connect_result(), 0);
  EXPECT_EQ(this->io().stop_listening(listener), 0);
  EXPECT_LT(this->connect_result(), 0);
  const handle next = this->listen();
  EXPECT_EQ(this->connect_result(), 0);
  EXPECT_GE(this->io().accept_waiting(listener), 0);
  EXPECT_EQ(this->io().accept_waiting(listener), -EAGAIN);
  this->close(listener);
  EXPECT_GE(this->io().accept_waiting(next), 0);
  EXPECT_EQ(this->connect_result(), 0) << "the end of the first leaves the second alone";
}

template <class World>
using backend_socket_file_test = backend_unix_socket_test<World>;
TYPED_TEST_SUITE(backend_socket_file_test, kernel_worlds);

/// What a process leaves that was killed.
void leave_dead_socket(const address& at) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(::bind(fd, at.data(), at.size()), 0);
  ::close(fd);
}

TYPED_TEST(backend_socket_file_test, replaces_a_dead_one) {
  leave_dead_socket(this->at_);
  this->listen();
  EXPECT_EQ(this->connect_result(), 0);
}

TYPED_TEST(backend_socket_file_test, leaves_any_other_file_alone) {
  const int fd = ::open(this->path_.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  ::close(fd);
  EXPECT_EQ(this->try_listen(), -ENOTSOCK);
  EXPECT_TRUE(this->has_file());
  ::unlink(this->path_.c_str());
  ASSERT_EQ(::symlink("/nowhere", this->path_.c_str()), 0);
  EXPECT_EQ(this->try_listen(), -ENOTSOCK);
  EXPECT_TRUE(std::filesystem::is_symlink(this->path_));
}

TYPED_TEST(backend_socket_file_test, has_the_permissions_that_were_asked_for) {
  for (const std::uint32_t mode : {0600U, 0660U, 0666U}) {
    const mode_t before = ::umask(0177);
    const std::int32_t made = this->try_listen({.file_mode = mode});
    ::umask(before);
    ASSERT_GE(made, 0);
    struct stat about{};
    ASSERT_EQ(::stat(this->path_.c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777U, mode);
    this->close(handle{made});
    EXPECT_FALSE(this->has_file());
  }
}

TYPED_TEST(backend_socket_file_test, goes_with_its_backend) {
  this->listen();
  EXPECT_TRUE(this->has_file());
  this->destroy_backend();
  EXPECT_FALSE(this->has_file());
}

TYPED_TEST(backend_socket_file_test, stays_if_another_has_taken_its_place) {
  const handle listener = this->listen();
  ::unlink(this->path_.c_str());
  leave_dead_socket(this->at_);
  EXPECT_EQ(this->io().stop_listening(listener), 0);
  EXPECT_TRUE(this->has_file());
}

// Anybody may lock a directory that all may read.
TYPED_TEST(backend_socket_file_test, goes_soon_though_another_holds_its_directory) {
  std::vector<handle> listeners;
  for (int i = 0; i != 20; ++i) {
    this->at_ = *address::unix_socket(this->directory_.file(std::to_string(i)));
    listeners.push_back(this->listen());
  }
  const int directory = ::open(this->directory_.file("").c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_EQ(::flock(directory, LOCK_EX), 0);
  const auto begin = std::chrono::steady_clock::now();
  for (const handle each : listeners) EXPECT_EQ(this->io().stop_listening(each), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
  ::close(directory);
  EXPECT_FALSE(std::filesystem::exists(this->directory_.file("19")));
}

TYPED_TEST(backend_socket_file_test, says_why_there_can_be_none) {
  this->at_ = *address::unix_socket(this->directory_.file("no/such.sock"));
  EXPECT_EQ(this->try_listen(), -ENOENT);
}

}  // namespace ferrule::io::suite
