import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.grpc.ManagedChannelBuilder;
import io.grpc.StatusRuntimeException;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import ostiary.session.v1.WhoAmIRequest;
import ostiary.settings.v1.PasswordMethod;
import ostiary.settings.v1.ProfileMethod;
import ostiary.settings.v1.ResumeFlowRequest;
import ostiary.settings.v1.SettingsFlow;
import ostiary.settings.v1.UpdateFlowBody;
import ostiary.ui.v1.FlowType;

/** Walks through sign-up and settings over gRPC, and through what can go wrong on the way. */
public final class Main {
  private final Ostiary calls;
  private final String email = "java-" + UUID.randomUUID() + "@example.com";
  private final String password = UUID.randomUUID().toString();

  private Main(Ostiary calls) {
    this.calls = calls;
  }

  /** Arguments: --address HOST:PORT; --step waits for Enter before the protected change. */
  public static void main(String[] args) throws Exception {
    List<String> given = Arrays.asList(args);
    int at = given.indexOf("--address");
    var channel = ManagedChannelBuilder.forTarget(at < 0 ? "127.0.0.1:4433" : given.get(at + 1)).usePlaintext().build();
    try {
      new Main(new Ostiary(channel)).walk(given.contains("--step"));
    } finally {
      channel.shutdownNow();
    }
  }

  private void walk(boolean step) throws Exception {
    signUp();
    var me = calls.sessions.whoAmI(WhoAmIRequest.getDefaultInstance()).getSession().getIdentity();
    System.out.println("signed up as " + me.getTraits().getFieldsOrThrow("email").getStringValue());

    var create = ostiary.settings.v1.CreateFlowRequest.newBuilder().setType(FlowType.FLOW_TYPE_API).build();
    var flow = calls.settings.createFlow(create).getFlow();
    try {
      change(flow, profile("no address"));
    } catch (StatusRuntimeException error) {
      System.out.println("wrong input is refused: " + Failure.of(error));
    }
    var saved = change(flow, profile(email)).getIdentity().getTraits().getFieldsOrThrow("name");
    System.out.println("the profile is saved: " + saved.getStructValue().getFieldsOrThrow("first").getStringValue());

    if (step) {
      System.out.println("press Enter to change the password");
      System.in.read();
    }
    var next = PasswordMethod.newBuilder().setPassword(UUID.randomUUID().toString());
    try {
      change(flow, UpdateFlowBody.newBuilder().setPassword(next));
    } catch (StatusRuntimeException error) {
      resume(Failure.of(error));
    }
    System.out.println("the password is changed");
  }

  /** Signs in again and has the change applied that waits. */
  private void resume(Failure failure) throws Exception {
    var again = failure.reauthenticate().orElseThrow();
    System.out.println("the session is too old: " + failure + " by " + String.join(", ", again.getMethodsList()));
    try {
      signInAgain("not that one");
    } catch (StatusRuntimeException refused) {
      System.out.println("a wrong password is refused: " + Failure.of(refused));
    }
    signInAgain(password);
    calls.settings.resumeFlow(ResumeFlowRequest.newBuilder().setFlow(again.getFlowId()).build());
    System.out.println("the change that waited is resumed");
  }

  private void signUp() {
    var create = ostiary.registration.v1.CreateFlowRequest.newBuilder().setType(FlowType.FLOW_TYPE_API).build();
    var flow = calls.registration.createFlow(create).getFlow();
    var method = ostiary.registration.v1.PasswordMethod.newBuilder().setPassword(password).setTraits(traits(email));
    var body = ostiary.registration.v1.UpdateFlowBody.newBuilder().setPassword(method);
    var update = ostiary.registration.v1.UpdateFlowRequest.newBuilder().setFlow(flow.getId()).setBody(body).build();
    calls.keep(calls.registration.updateFlow(update).getSessionToken());
  }

  private void signInAgain(String typed) {
    var create = ostiary.login.v1.CreateFlowRequest.newBuilder().setType(FlowType.FLOW_TYPE_API).setRefresh(true).build();
    var flow = calls.login.createFlow(create).getFlow();
    var method = ostiary.login.v1.PasswordMethod.newBuilder().setIdentifier(email).setPassword(typed);
    var body = ostiary.login.v1.UpdateFlowBody.newBuilder().setPassword(method);
    var update = ostiary.login.v1.UpdateFlowRequest.newBuilder().setFlow(flow.getId()).setBody(body).build();
    calls.keep(calls.login.updateFlow(update).getSessionToken());
  }

  private SettingsFlow change(SettingsFlow flow, UpdateFlowBody.Builder body) {
    var request = ostiary.settings.v1.UpdateFlowRequest.newBuilder().setFlow(flow.getId()).setBody(body).build();
    return calls.settings.updateFlow(request).getFlow();
  }

  private static UpdateFlowBody.Builder profile(String email) {
    var name = Struct.newBuilder().putFields("first", text("Ann")).build();
    var traits = traits(email).toBuilder().putFields("name", Value.newBuilder().setStructValue(name).build());
    return UpdateFlowBody.newBuilder().setProfile(ProfileMethod.newBuilder().setTraits(traits));
  }

  private static Struct traits(String email) {
    return Struct.newBuilder().putFields("email", text(email)).build();
  }

  private static Value text(String value) {
    return Value.newBuilder().setStringValue(value).build();
  }
}
