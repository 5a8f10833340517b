"""Deploys template.yaml, unedited, to the AWS emulator, and closes the emulator's gaps.

    deploy.py < request.json

The request: endpoint, template (path), binaries ({"IngestFunction": path, ...}), stack, parameters, secrets
(by name). The answer, one
JSON object on standard output: outputs (those of the stack), api_path (where the HTTP API answers on the endpoint).

The template's functions name source folders; like `aws cloudformation package`, this uploads what was built and puts
the S3 locations in their place. Nothing else in the template changes. An error is one line on standard error.
"""

import hashlib
import io
import json
import sys
import zipfile

import botocore.exceptions
import botocore.session
import yaml
from botocore.config import Config

FUNCTION = "AWS::Serverless::Function"
HTTP_API = "AWS::Serverless::HttpApi"
BUCKET = "wend-local-artifacts"


class Failure(Exception):
    """What failed and what to do, in one line."""


def main():
    request = json.load(sys.stdin)
    session = botocore.session.get_session()
    session.set_credentials("test", "test")
    config = Config(region_name="us-east-1", retries={"max_attempts": 1}, read_timeout=120)

    def aws(service):
        return session.create_client(service, endpoint_url=request["endpoint"], config=config)

    try:
        template = load_template(request["template"])
        upload_functions(aws("s3"), template, request["binaries"])
        physical, outputs = deploy(aws, template, request["stack"], request["parameters"])
        api_id = connect_routes(aws, template, physical)
        set_secrets(aws("secretsmanager"), request["stack"], request["secrets"])
        allow_loopback(aws("lambda"), physical["WebhookFunction"])
        verify_sender(aws("sesv2"), request["parameters"]["SenderIdentity"])
    except (Failure, OSError, botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
        sys.exit(f"cannot deploy the template to the local AWS: {error}")
    print(json.dumps({"outputs": outputs, "api_path": f"/_aws/execute-api/{api_id}/$default"}))


# The template ----------------------------------------------------------------


def load_template(path):
    """Reads YAML with CloudFormation's short tags into the long forms, which JSON can hold."""
    with open(path, encoding="utf-8") as file:
        return yaml.load(file, Loader=TemplateLoader)


class TemplateLoader(yaml.SafeLoader):
    pass


def long_form(loader, tag, node):
    name = tag if tag in ("Ref", "Condition") else f"Fn::{tag}"
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        if tag == "GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {name: value}


TemplateLoader.add_multi_constructor("!", long_form)
# YAML 1.1 reads 2012-10-17 as a date; CloudFormation wants the text.
TemplateLoader.add_constructor("tag:yaml.org,2002:timestamp", lambda loader, node: loader.construct_scalar(node))


def functions(template):
    return {name: r["Properties"] for name, r in template["Resources"].items() if r["Type"] == FUNCTION}


def upload_functions(s3, template, binaries):
    s3.create_bucket(Bucket=BUCKET)
    for name, properties in functions(template).items():
        if name not in binaries:
            raise Failure(f"no binary was built for {name}: add it to the list of functions")
        body = package(binaries[name])
        key = f"{name}-{hashlib.sha256(body).hexdigest()}"
        s3.put_object(Bucket=BUCKET, Key=key, Body=body)
        properties["CodeUri"] = f"s3://{BUCKET}/{key}"


def package(binary):
    """Zips one binary as `bootstrap`; stored, because on one machine compression only costs time."""
    buffer = io.BytesIO()
    entry = zipfile.ZipInfo("bootstrap", date_time=(1980, 1, 1, 0, 0, 0))
    entry.external_attr = 0o755 << 16
    with open(binary, "rb") as file, zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(entry, file.read())
    return buffer.getvalue()


# The stack -------------------------------------------------------------------


def deploy(aws, template, stack, parameters):
    # By S3, because a template in the request itself may have 51,200 bytes at most.
    body = json.dumps(template).encode()
    key = f"template-{hashlib.sha256(body).hexdigest()}.json"
    s3, cloudformation = aws("s3"), aws("cloudformation")
    s3.put_object(Bucket=BUCKET, Key=key, Body=body)
    request = {
        "StackName": stack,
        "TemplateURL": f"{s3.meta.endpoint_url}/{BUCKET}/{key}",
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        "Parameters": [{"ParameterKey": k, "ParameterValue": str(v)} for k, v in parameters.items()],
    }
    act, waiter = cloudformation.create_stack, "stack_create_complete"
    if exists(cloudformation, stack):
        act, waiter = cloudformation.update_stack, "stack_update_complete"
    try:
        act(**request)
        cloudformation.get_waiter(waiter).wait(StackName=stack, WaiterConfig={"Delay": 1, "MaxAttempts": 120})
    except botocore.exceptions.WaiterError:
        raise Failure(first_fault(cloudformation, stack)) from None
    except botocore.exceptions.ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise
    described = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    resources = cloudformation.describe_stack_resources(StackName=stack)["StackResources"]
    return (
        {r["LogicalResourceId"]: r["PhysicalResourceId"] for r in resources},
        {o["OutputKey"]: o["OutputValue"] for o in described.get("Outputs", [])},
    )


def exists(cloudformation, stack):
    try:
        return bool(cloudformation.describe_stacks(StackName=stack)["Stacks"])
    except botocore.exceptions.ClientError:
        return False


def first_fault(cloudformation, stack):
    """The oldest failure of the last operation: what follows it is only the rollback."""
    fault = "the stack did not finish, and no event says why"
    for event in cloudformation.describe_stack_events(StackName=stack)["StackEvents"]:
        if event["ResourceStatus"].endswith("_FAILED"):
            reason = event.get("ResourceStatusReason", "no reason given")
            fault = f"{event['LogicalResourceId']} ({event['ResourceType']}): {reason}"
        elif event["LogicalResourceId"] == stack and event["ResourceStatus"] in ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"):
            break
    return fault


# Gaps of the emulator --------------------------------------------------------


def connect_routes(aws, template, physical):
    """Creates what SAM writes into the API's OpenAPI body, which the emulator does not read: routes and CORS."""
    (api_name, api), = ((n, r) for n, r in template["Resources"].items() if r["Type"] == HTTP_API)
    gateway, api_id = aws("apigatewayv2"), physical[api_name]
    present = {r["RouteKey"] for r in gateway.get_routes(ApiId=api_id)["Items"]}
    for name, properties in functions(template).items():
        wanted = sorted(set(route_keys(properties)) - present)
        if wanted:
            target = integrate(gateway, aws("lambda"), api_id, physical[name])
            for key in wanted:
                gateway.create_route(ApiId=api_id, RouteKey=key, Target=target)
    if "$default" not in {s["StageName"] for s in gateway.get_stages(ApiId=api_id)["Items"]}:
        gateway.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True)
    cors = api["Properties"].get("CorsConfiguration")
    if cors:
        gateway.update_api(ApiId=api_id, CorsConfiguration=cors)
    return api_id


def route_keys(properties):
    for event in properties.get("Events", {}).values():
        if event["Type"] == "HttpApi":
            yield f"{event['Properties']['Method'].upper()} {event['Properties']['Path']}"


def integrate(gateway, functions_api, api_id, function):
    arn = functions_api.get_function_configuration(FunctionName=function)["FunctionArn"]
    integration = gateway.create_integration(
        ApiId=api_id, IntegrationType="AWS_PROXY", IntegrationUri=arn, PayloadFormatVersion="2.0"
    )
    return f"integrations/{integration['IntegrationId']}"


def set_secrets(secrets, stack, values):
    """On AWS a person sets them; here they come from the project's .env."""
    for name, value in values.items():
        try:
            secrets.create_secret(Name=f"/wend/{stack}/{name}", SecretString=value)
        except secrets.exceptions.ResourceExistsException:
            secrets.put_secret_value(SecretId=f"/wend/{stack}/{name}", SecretString=value)


def allow_loopback(functions_api, function):
    """Systems that are being built listen on this machine. The template has no such setting, so no deployment can have it."""
    present = functions_api.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
    variables = {**present, "WEND_WEBHOOK_LOOPBACK": "true"}
    functions_api.update_function_configuration(FunctionName=function, Environment={"Variables": variables})


def verify_sender(ses, identity):
    """On AWS the owner of the domain proves it once; the emulator takes every identity as proven."""
    try:
        ses.create_email_identity(EmailIdentity=identity)
    except ses.exceptions.AlreadyExistsException:
        pass


if __name__ == "__main__":
    main()
