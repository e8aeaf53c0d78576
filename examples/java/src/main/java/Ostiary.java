import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import java.util.concurrent.TimeUnit;
import ostiary.login.v1.LoginServiceGrpc;
import ostiary.registration.v1.RegistrationServiceGrpc;
import ostiary.session.v1.SessionServiceGrpc;
import ostiary.settings.v1.SettingsServiceGrpc;

/** The calls of one person. The session token goes with each of them, and each has a deadline. */
final class Ostiary {
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  final RegistrationServiceGrpc.RegistrationServiceBlockingStub registration;
  final LoginServiceGrpc.LoginServiceBlockingStub login;
  final SettingsServiceGrpc.SettingsServiceBlockingStub settings;
  final SessionServiceGrpc.SessionServiceBlockingStub sessions;

  private String token = "";

  Ostiary(ManagedChannel channel) {
    registration = RegistrationServiceGrpc.newBlockingStub(channel).withInterceptors(new WithToken());
    login = LoginServiceGrpc.newBlockingStub(channel).withInterceptors(new WithToken());
    settings = SettingsServiceGrpc.newBlockingStub(channel).withInterceptors(new WithToken());
    sessions = SessionServiceGrpc.newBlockingStub(channel).withInterceptors(new WithToken());
  }

  /** Keeps the token that a sign-up or sign-in brought; a renewed one replaces the old. */
  void keep(String sessionToken) {
    if (!sessionToken.isEmpty()) token = sessionToken;
  }

  private final class WithToken implements ClientInterceptor {
    @Override
    public <Q, A> ClientCall<Q, A> interceptCall(MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
      var call = next.newCall(method, options.withDeadlineAfter(5, TimeUnit.SECONDS));
      return new ForwardingClientCall.SimpleForwardingClientCall<>(call) {
        @Override
        public void start(Listener<A> listener, Metadata headers) {
          if (!token.isEmpty()) headers.put(AUTHORIZATION, "Bearer " + token);
          super.start(listener, headers);
        }
      };
    }
  }
}
